"""The report of a run: one page of what a network does and what became of it on an FPGA.

`run` reads what a run left, `measure` simulates golden and counts, and `compose` makes a page of
both; the other modules are the parts of the page.
"""

__all__: list[str] = []
