"""Pages to look at: the report of a run, looking into traces, exploring plans.

What is drawn is drawn by Bokeh, and each figure has its numbers beside it as a table.
"""

__all__: list[str] = []
