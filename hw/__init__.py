"""Hardware: how tables lie on an accelerator, its gates, its cost, and the search for a plan."""

__all__: list[str] = []
