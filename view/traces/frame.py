"""The page in a notebook: a frame that shows what is served beside it."""

from dataclasses import dataclass

from ..text import escaped
from .server import Served


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """What a notebook shows of a page.

    Attributes
    ----------
    served
        The page; its `stop` ends it.
    height
        Of the frame, in CSS pixels.
    """

    served: Served
    height: int

    def _repr_html_(self) -> str:
        """Return the frame for a notebook."""
        return (
            f'<iframe src="{escaped(self.served.address)}" title="Looking into traces" '
            f'width="100%" height="{self.height}" style="border: 0"></iframe>'
        )
