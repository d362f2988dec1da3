"""Moving shapes with fixed thresholds: otherwise `shapes-spquant`."""

from dataclasses import replace

from .shapes_spquant import RECIPE as LEARNED

RECIPE = replace(LEARNED, name="shapes-spquant-fixed", threshold="fixed")
