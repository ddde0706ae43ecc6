"""Small questions the session asks about stacks and outcomes."""

from __future__ import annotations

from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.detection import Detection
from bgviewer.engine.regions import Region
from bgviewer.errors import ChooseError, ReadError
from bgviewer.io.stack import ExposureStack
from bgviewer.session.state import Outcome, StackState
from bgviewer.tasks.load import LoadedStack
from bgviewer.tasks.match import MatchOutcome
from bgviewer.tasks.overview import residual_map

__all__ = [
    "GoodPixels",
    "choose_action",
    "first_reason",
    "good_pixels",
    "nothing_readable",
    "outcome_of",
    "share_exposures",
]

GoodPixels = tuple[tuple[tuple[str, ...], tuple[Region, ...], Detection | None], ...]
"""Of every exposure: bad planes, regions and source detection."""


def good_pixels(stack: ExposureStack, config: MatchConfig) -> GoodPixels:
    """Return, for every exposure, what decides which of its pixels are good."""
    bad, detection = config.bad_mask_planes, stack.detection
    return tuple((bad, stack.regions_of(e.id), detection) for e in stack.entries)


def share_exposures(one: ExposureStack, other: ExposureStack) -> bool:
    """Whether any exposure is in both."""
    first, second = ({e.path or e.name for e in stack.entries} for stack in (one, other))
    return not first.isdisjoint(second)


def first_reason(stack: StackState) -> str:
    """Name the first exposure that cannot be used, and why."""
    for entry, reason, measured in zip(
        stack.stack.entries, stack.reasons, stack.measurements, strict=True
    ):
        if measured is None:
            text = reason or str(entry.problem or "")
            return text if entry.name in text else f"{entry.name}: {text}"
    return ""


def nothing_readable(loaded: LoadedStack) -> ReadError | None:
    """Return why there is nothing to take, where no exposure can be read or chosen."""
    stack = loaded.stack
    can_be_mended = stack.can_align or any(
        isinstance(e.problem, ChooseError) for e in stack.entries
    )
    if can_be_mended or any(m is not None for m in loaded.measurements):
        return None
    entry = stack.entries[0]
    reason = loaded.reasons[0] or str(getattr(entry.problem, "reason", None) or entry.problem)
    if len(stack.entries) > 1:
        reason = f"{reason} (none of the {len(stack.entries)} files can be read)"
    known = entry.problem if isinstance(entry.problem, ReadError) else None
    id_ = "E_MISSING" if known is None else known.id
    return ReadError(entry.path or entry.name, reason, id=id_)


def choose_action(stack: StackState) -> str:
    """Name the action that mends it: saying which image of a file is meant, or aligning."""
    asks = any(isinstance(entry.problem, ChooseError) for entry in stack.stack.entries)
    if asks:
        return "choose_image"
    return "align" if stack.stack.can_align else ""


def outcome_of(
    outcome: MatchOutcome, key: tuple[Any, ...], shape: tuple[int, int] | None
) -> Outcome:
    """Return what the window keeps of an outcome.

    One that failed for its overlap alone is kept as a match: `Outcome.judged` fails it while the
    limit is what it is.
    """
    has_model = outcome.model is not None and not outcome.model.is_empty
    one_bin = outcome.bins is not None and len(outcome.bins.values) == 1
    return Outcome(
        status="matched" if has_model else outcome.status,
        reason="" if has_model else outcome.reason or "",
        # One bin is met exactly: what remains is rounding.
        fit_rms=0.0 if one_bin else outcome.fit_rms,
        ratio=outcome.ratio,
        adjustments=tuple(a.text for a in outcome.adjustments),
        key=key,
        residuals=residual_map(outcome.bins, shape) if outcome.bins and shape else None,
        model=outcome.model,
        warnings=outcome.warnings,
        overlap=outcome.overlap,
        told=outcome.judged if outcome.status == "matched" else None,
    )
