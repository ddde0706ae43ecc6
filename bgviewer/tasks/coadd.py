"""Preview of the co-add at screen resolution, before and after matching."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.extent import laid_into
from bgviewer.engine.matching import Model
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import BgviewerError
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.levels import Levels, sky_levels
from bgviewer.tasks.picture import Window, block_mean, window_of

__all__ = ["STATISTICS", "Blocks", "Coadd", "CoaddRequest", "Member", "coadd"]

Float32 = NDArray[np.float32]
STATISTICS = ("mean", "median")
_MOST_VALUES = 40_000_000  # block means of all exposures together: 160 MB
_BAND = 32  # rows combined between two progress steps


@dataclass(frozen=True, eq=False)
class Member:
    """An exposure of the co-add; `model` is what matching adds to it, None for the reference.

    In a stack of different extents `shift` is where the model's pixel (0, 0) lies in the stack's
    frame, (dx, dy).
    """

    exposure: int
    name: str
    model: Model | None = field(default=None, repr=False)
    shift: tuple[int, int] = (0, 0)

    @classmethod
    def matched(
        cls, stack: ExposureStack, reference: int, exposure: int, name: str, model: Model | None
    ) -> Member:
        """Make the member of an exposure that was matched to the reference."""
        frame = stack.frame
        if not stack.is_mixed or frame is None:
            return cls(exposure, name, model)
        part = stack.grid_extent(reference) & stack.grid_extent(exposure)
        return cls(exposure, name, model, (part.x0 - frame.x0, part.y0 - frame.y0))


@dataclass(frozen=True, eq=False)
class Blocks:
    """Block means of exposures over one window; kept while stack and window stay."""

    stack: ExposureStack = field(repr=False)
    window: Window
    values: dict[int, Float32] = field(repr=False)


@dataclass(frozen=True, eq=False)
class CoaddRequest:
    """What shall be combined.

    Attributes
    ----------
    members : tuple of Member
    left_out : tuple of (name, reason)
    statistic : {"mean", "median"}
    side : int
        Pixels of the preview along its longer side, at most.
    key : object
        What it was made of; handed on.
    blocks : Blocks or None
        Of an earlier co-add.
    """

    stack: ExposureStack = field(repr=False)
    members: tuple[Member, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    statistic: str = "mean"
    side: int = 1024
    key: Any = None
    blocks: Blocks | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class Coadd:
    """A co-add before and after matching, over the same exposures and pixels.

    Attributes
    ----------
    before, after : float32 arrays
        NaN where no exposure has a value.
    levels : pair of Levels
        Ends of the colour scale of `before` and `after`; both span the same range, so that a
        seam has the same contrast in both.
    names : tuple of str
        The exposures in it.
    left_out : tuple of (name, reason)
    xy0 : (int, int) or None
        Parent position of the frame, in a stack of different extents.
    """

    before: Float32 = field(repr=False)
    after: Float32 = field(repr=False)
    levels: tuple[Levels, Levels]
    window: Window
    names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    statistic: str
    key: Any
    blocks: Blocks = field(repr=False)
    xy0: tuple[int, int] | None = None

    def over(self, after: bool, window: Window, xy0: tuple[int, int] | None = None) -> Float32:
        """Return one of the two resampled to another window (nearest block).

        `xy0` is the parent position of the image that the window is of; it matters in a stack of
        different extents.
        """
        values = self.after if after else self.before
        dx = dy = 0
        if xy0 is not None and self.xy0 is not None:
            dx, dy = xy0[0] - self.xy0[0], xy0[1] - self.xy0[1]
        if window == self.window and (dx, dy) == (0, 0):
            return values
        rows, columns = window.rows + dy, window.columns + dx
        step = self.window.step
        return values[np.ix_(rows // step, columns // step)]


def coadd(request: CoaddRequest, progress: Progress = SILENT) -> Coadd:
    """Combine block means of the exposures, as they are and with their models added.

    Raises
    ------
    Cancelled
        When it is stopped.
    BgviewerError
        When no exposure can be read.
    """
    frame = request.stack.frame
    if frame is None or not request.members:
        raise BgviewerError("there is nothing to combine: no exposure can be read")
    window = _window(request, frame.shape)
    blocks = _blocks(request, window)
    members, left_out = [], list(request.left_out)
    for i, member in enumerate(request.members):
        progress.step(i / (len(request.members) + 1), f"reading {member.name}")
        try:
            _read(request, member, blocks, progress)
        except BgviewerError as error:
            left_out.append((member.name, str(error)))
        else:
            members.append(member)
    if not members:
        raise BgviewerError("there is nothing to combine: no exposure can be read")
    progress.step(len(request.members) / (len(request.members) + 1), "combining")
    before = np.stack([blocks.values[m.exposure] for m in members])
    combined = _combine(before, request.statistic, progress)
    for layer, member in zip(before, members, strict=True):
        if member.model is not None:
            dx, dy = member.shift
            layer += member.model.render(window.rows - dy, window.columns - dx, progress=progress)
    matched = _combine(before, request.statistic, progress)
    progress.step(1.0)
    return Coadd(
        combined,
        matched,
        _levels(combined, matched),
        window,
        tuple(m.name for m in members),
        tuple(left_out),
        request.statistic,
        request.key,
        blocks,
        frame.xy0 if request.stack.is_mixed else None,
    )


def _window(request: CoaddRequest, shape: tuple[int, int]) -> Window:
    affordable = int(math.sqrt(_MOST_VALUES / len(request.members)))
    return window_of(shape, None, max(64, min(request.side, affordable)))


def _blocks(request: CoaddRequest, window: Window) -> Blocks:
    old = request.blocks
    if old is not None and old.stack is request.stack and old.window == window:
        # A copy: the old co-add stays what it is.
        return replace(old, values=dict(old.values))
    return Blocks(request.stack, window, {})


def _read(request: CoaddRequest, member: Member, blocks: Blocks, progress: Progress) -> None:
    """Make the block means of a member, where they are not known."""
    if member.exposure in blocks.values:
        return
    stack = request.stack
    exposure: MaskedImage = stack.read(member.exposure, progress=progress)
    if stack.is_mixed and stack.frame is not None:
        exposure = laid_into(exposure, stack.frame)
    image = exposure.image
    empty = exposure.flagged(("NO_DATA",))
    if empty is not None and empty.any():
        image = np.where(empty, np.float32(np.nan), image)
    blocks.values[member.exposure] = block_mean(image, blocks.window, progress)


def _combine(layers: Float32, statistic: str, progress: Progress) -> Float32:
    out = np.full(layers.shape[1:], np.nan, np.float32)
    for start in range(0, layers.shape[1], _BAND):
        progress.step()
        band = layers[:, start : start + _BAND]
        out[start : start + _BAND] = _median(band) if statistic == "median" else _mean(band)
    return out


def _mean(band: Float32) -> NDArray[Any]:
    finite = np.isfinite(band)
    total = np.where(finite, band, 0).sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / finite.sum(axis=0))


def _median(band: Float32) -> NDArray[Any]:
    # Sorting puts NaN last; nanmedian takes ten times as long.
    ordered = np.sort(np.where(np.isfinite(band), band, np.float32(np.nan)), axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), count // 2
    high = np.minimum(high, len(band) - 1)
    pick = [np.take_along_axis(ordered, i[None], axis=0)[0] for i in (low, high)]
    return np.asarray(np.where(count > 0, 0.5 * (pick[0] + pick[1]), np.nan))


def _levels(before: Float32, after: Float32) -> tuple[Levels, Levels]:
    """Scales of the same span, each about the median of its own image."""
    first = sky_levels(before)
    values = [v[np.isfinite(v)] for v in (before, after)]
    if any(v.size == 0 for v in values):
        return first, sky_levels(after)
    shift = float(np.median(values[1])) - float(np.median(values[0]))
    return first, Levels(first.low + shift, first.high + shift)
