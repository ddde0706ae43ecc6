"""Background matching of exposures, visible: the public Python API.

Names are loaded when first used, so that ``import bgviewer`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "bgviewer.engine.config": ("MatchConfig",),
    "bgviewer.engine.detection": ("Detection",),
    "bgviewer.engine.exposure": ("Exposure", "MaskedImage"),
    "bgviewer.engine.matching": ("MatchResult", "match_backgrounds"),
    "bgviewer.engine.plan": ("StackPlan",),
    "bgviewer.engine.regions": ("Region",),
    "bgviewer.engine.ranking": ("Measurement", "Ranking", "measure_exposure", "rank_exposures"),
    "bgviewer.engine.holdout": ("HoldOut",),
    "bgviewer.engine.sweeping": ("SweepSpace",),
    "bgviewer.engine.verdict": ("Verdict", "judge"),
    "bgviewer.errors": (
        "BgviewerError",
        "BgviewerWarning",
        "Cancelled",
        "ConfigError",
        "FitError",
        "GridError",
        "NoOverlapError",
        "NoReferenceError",
        "ReadError",
        "ResourceError",
        "ShapeMismatchError",
        "UndersampledError",
        "WriteError",
    ),
    "bgviewer.io.read": ("read",),
    "bgviewer.io.stack": ("ExposureStack", "load_stack"),
    "bgviewer.tasks.diagnostic": ("Diagnostic",),
    "bgviewer.tasks.diagnostics": ("Diagnosis", "diagnose"),
    "bgviewer.tasks.match": ("MatchOutcome", "match_stack"),
    "bgviewer.tasks.sweep": ("Sweep", "sweep"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["__version__", *sorted(_HOME)]

if TYPE_CHECKING:
    from bgviewer.engine.config import MatchConfig as MatchConfig
    from bgviewer.engine.detection import Detection as Detection
    from bgviewer.engine.exposure import Exposure as Exposure
    from bgviewer.engine.exposure import MaskedImage as MaskedImage
    from bgviewer.engine.holdout import HoldOut as HoldOut
    from bgviewer.engine.matching import MatchResult as MatchResult
    from bgviewer.engine.matching import match_backgrounds as match_backgrounds
    from bgviewer.engine.plan import StackPlan as StackPlan
    from bgviewer.engine.ranking import Measurement as Measurement
    from bgviewer.engine.ranking import Ranking as Ranking
    from bgviewer.engine.ranking import measure_exposure as measure_exposure
    from bgviewer.engine.ranking import rank_exposures as rank_exposures
    from bgviewer.engine.regions import Region as Region
    from bgviewer.engine.sweeping import SweepSpace as SweepSpace
    from bgviewer.engine.verdict import Verdict as Verdict
    from bgviewer.engine.verdict import judge as judge
    from bgviewer.errors import BgviewerError as BgviewerError
    from bgviewer.errors import BgviewerWarning as BgviewerWarning
    from bgviewer.errors import Cancelled as Cancelled
    from bgviewer.errors import ConfigError as ConfigError
    from bgviewer.errors import FitError as FitError
    from bgviewer.errors import GridError as GridError
    from bgviewer.errors import NoOverlapError as NoOverlapError
    from bgviewer.errors import NoReferenceError as NoReferenceError
    from bgviewer.errors import ReadError as ReadError
    from bgviewer.errors import ResourceError as ResourceError
    from bgviewer.errors import ShapeMismatchError as ShapeMismatchError
    from bgviewer.errors import UndersampledError as UndersampledError
    from bgviewer.errors import WriteError as WriteError
    from bgviewer.io.read import read as read
    from bgviewer.io.stack import ExposureStack as ExposureStack
    from bgviewer.io.stack import load_stack as load_stack
    from bgviewer.tasks.diagnostic import Diagnostic as Diagnostic
    from bgviewer.tasks.diagnostics import Diagnosis as Diagnosis
    from bgviewer.tasks.diagnostics import diagnose as diagnose
    from bgviewer.tasks.match import MatchOutcome as MatchOutcome
    from bgviewer.tasks.match import match_stack as match_stack
    from bgviewer.tasks.sweep import Sweep as Sweep
    from bgviewer.tasks.sweep import sweep as sweep


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'bgviewer' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
