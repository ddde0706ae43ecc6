"""Loading a stack and measuring its exposures, so that they can be ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.ranking import Measurement, measure_exposure
from bgviewer.errors import BgviewerError
from bgviewer.io.stack import ExposureStack, load_stack

__all__ = ["LoadedStack", "load", "measure_stack"]


@dataclass(frozen=True, eq=False)
class LoadedStack:
    """A stack with what the ranking needs to know.

    Attributes
    ----------
    stack : ExposureStack
    measurements : tuple of Measurement or None
        One per exposure; None = could not be measured.
    reasons : tuple of str or None
        Why not, or why the figures are of no use.
    config : MatchConfig
        Whose badMaskPlanes were used.
    """

    stack: ExposureStack
    measurements: tuple[Measurement | None, ...]
    reasons: tuple[str | None, ...]
    config: MatchConfig

    @property
    def usable(self) -> tuple[int, ...]:
        """Ids of exposures that have good pixels on the common grid."""
        return tuple(i for i, m in enumerate(self.measurements) if m is not None and m.coverage > 0)


class _Part:
    """Progress of one of several equal parts."""

    def __init__(self, whole: Progress, index: int, count: int, text: str) -> None:
        self._whole, self._index, self._count, self._text = whole, index, count, text

    def step(self, fraction: float | None = None, text: str | None = None) -> None:
        """Pass on, scaled to the whole."""
        del text
        done = (self._index + (fraction or 0.0)) / self._count
        self._whole.step(done, self._text)


def load(
    paths: Sequence[str | PathLike[str]],
    config: MatchConfig | None = None,
    *,
    zero_point: str | float = "auto",
    progress: Progress = SILENT,
) -> LoadedStack:
    """Open files and folders as a stack and measure every exposure.

    Raises
    ------
    ReadError
        When nothing at all can be opened (a single bad file is a row with a reason).
    Cancelled
        When the user stopped it.
    """
    config = config or MatchConfig()
    stack = load_stack(paths, zero_point=zero_point, config=config, progress=progress)
    measurements, reasons = measure_stack(stack, config, progress)
    return LoadedStack(stack, measurements, reasons, config)


def measure_stack(
    stack: ExposureStack,
    config: MatchConfig,
    progress: Progress = SILENT,
    *,
    strict: bool = False,
    keep: bool = True,
) -> tuple[tuple[Measurement | None, ...], tuple[str | None, ...]]:
    """Measure every exposure of a stack.

    Parameters
    ----------
    strict : bool
        Raise the first exposure's error, as LSST's selection does, instead of skipping it.
    keep : bool
        Read whole exposures, so that a match finds them in memory, where the stack fits there.

    Returns
    -------
    measurements, reasons : tuples, one item per exposure
    """
    measurements: list[Measurement | None] = []
    reasons: list[str | None] = []
    whole = keep and stack.fits_in_cache
    for entry in stack.entries:
        part = _Part(progress, entry.id, len(stack), f"measuring {entry.name}")
        part.step(0.0)
        try:
            exposure = stack.read(entry.id, variance=whole)
            measured = measure_exposure(exposure, config, part)
        except BgviewerError as error:
            if strict:
                raise
            measurements.append(None)
            reasons.append(_reason(error))
            continue
        measurements.append(measured)
        reasons.append(None if measured.coverage else _no_good_pixel(config))
    progress.step(1.0)
    return tuple(measurements), tuple(reasons)


def _reason(error: BgviewerError) -> str:
    return str(getattr(error, "reason", None) or error)


def _no_good_pixel(config: MatchConfig) -> str:
    planes = ", ".join(config.bad_mask_planes) or "none"
    return f"no usable pixels after masking (mask planes: {planes})"
