"""Where a graph goes round in circles."""


def circles(sources: dict[str, list[str]]) -> list[set[str]]:
    """Return each set of nodes that reach each other, by the sources of every node.

    Tarjan's algorithm (SIAM J. Comput. 1972), without recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []
    on: set[str] = set()
    for root in sources:
        work = [(root, iter(sources[root]))] if root not in index else []
        while work:
            name, feeds = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
                on.add(name)
            for feed in feeds:
                if feed not in index:
                    work.append((feed, iter(sources[feed])))
                    break
                if feed in on:
                    low[name] = min(low[name], index[feed])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    circle = set()
                    while name not in circle:
                        circle.add(stack.pop())
                    on -= circle
                    if len(circle) > 1 or name in sources[name]:
                        found.append(circle)
    return found
