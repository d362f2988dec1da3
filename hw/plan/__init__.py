"""How tables lie on an accelerator: stages, memories, weight rows, loading, identity."""

from .identity import shape_sha256
from .loading import LoadError
from .memories import Memory
from .plan import Plan, StageShape
from .plan_file import PlanFileError
from .stage_plan import StagePlan
from .support import UnsupportedError

__all__ = [
    "LoadError",
    "Memory",
    "Plan",
    "PlanFileError",
    "StagePlan",
    "StageShape",
    "UnsupportedError",
    "shape_sha256",
]
