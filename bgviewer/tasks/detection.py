"""Finding the sources of a whole stack, so that later reads have their masks at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bgviewer.engine.detection import DETECTED
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import BgviewerError
from bgviewer.io.stack import ExposureStack

__all__ = ["Detected", "detect_sources"]


@dataclass(frozen=True)
class Detected:
    """What was found in a stack.

    Attributes
    ----------
    shares : tuple of float
        Share, 0 to 1, of the pixels flagged, of each exposure in which sources were detected.
    own : int
        Exposures that bring their own DETECTED plane and stay as they are.
    """

    shares: tuple[float, ...]
    own: int

    @property
    def looked_at(self) -> int:
        """Exposures that could be read."""
        return len(self.shares) + self.own


def detect_sources(stack: ExposureStack, plan: StackPlan, progress: Progress = SILENT) -> Detected:
    """Read every exposure as `plan` wants it; the stack keeps them as far as its memory goes.

    An exposure that cannot be read is passed over: measuring it says why.
    """
    prepared = stack.with_plan(plan)
    shares, own = [], 0
    for entry in prepared.entries:
        progress.step(entry.id / len(stack), f"detecting sources in {entry.name}")
        try:
            exposure = prepared.read(entry.id, progress=progress)
        except BgviewerError:
            continue
        if exposure.detection is None:
            own += 1
            continue
        flagged = exposure.flagged((DETECTED,))
        shares.append(0.0 if flagged is None else float(np.mean(flagged)))
    progress.step(1.0)
    return Detected(tuple(shares), own)
