"""How a source's last layer answers, and what golden's integers stand for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..export.readout import Readout
from .floats import Floats
from .reference import Reference

FORMS: dict[str, dict[str, Any]] = {
    "count": {"kind": "count"},
    "first": {"kind": "first"},
    "potential": {"kind": "potential"},
    "largest": {"kind": "potential", "over": "largest"},
    "sum": {"kind": "potential", "over": "sum"},
    "every": {"kind": "potential", "over": "every"},
}
"""By answer, what it is in tables."""

SPIKES = tuple(answer for answer, form in FORMS.items() if form["kind"] != "potential")
"""Answers by spikes; the others are by potentials of a layer that never fires."""


def readout(answer: str, layer: str, voters: int) -> Readout:
    """Return the tables' readout of a layer."""
    return Readout(layer=layer, voters=voters, **FORMS[answer])


def values(answer: str, voters: int, done: Reference, layer: str) -> Floats:
    """Return what a source answers: (samples, classes), or for 'every' (samples, steps, classes).

    Of potentials the ones that the next step starts from.
    """
    spikes, kept = done.spikes[layer], done.kept[layer]
    steps, batch = spikes.shape[:2]
    if answer == "count":
        found = spikes.sum(0)
    elif answer == "first":
        found = np.where(spikes.any(0), steps - (spikes > 0).argmax(0), 0)
    elif answer == "every":
        found = kept.swapaxes(0, 1)
    elif answer == "potential":
        found = kept[-1]
    else:
        found = kept.max(0) if answer == "largest" else kept.sum(0)
    shape = (batch, steps) if answer == "every" else (batch,)
    return np.asarray(found.reshape(*shape, -1, voters).sum(-1), np.float64)


def classes(found: Floats) -> NDArray[np.int64]:
    """Return the class of the largest value, (samples,); of the last step."""
    last = found[:, -1] if found.ndim == 3 else found
    return np.asarray(last.argmax(1), np.int64)
