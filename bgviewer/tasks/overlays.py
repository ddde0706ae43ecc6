"""What can be laid over the pictures: outlines of the bins, bad mask planes, missing data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.detection import DETECTED
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.masks import in_type_of
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.tasks.picture import Window, block_mean, block_planes

__all__ = [
    "OVERLAYS",
    "Layer",
    "Outlines",
    "Overlays",
    "bin_outlines",
    "draw_overlays",
    "needs_pixels",
]

OVERLAYS = ("bins", "mask", "coverage")
_PERIOD = 6  # of the hatching, in picture pixels
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Layer:
    """One hatched overlay, at the resolution of the screen.

    Attributes
    ----------
    codes : uint8 array
        0 = nothing, i = the ground of legend entry i - 1, n + i = a line of its hatching.
    box : (left, bottom, width, height)
        Where it lies, in parent pixels.
    legend : tuple of (str, float)
        What the codes mean, and the share of the pixels, 0 to 1.
    """

    codes: NDArray[np.uint8] = field(repr=False)
    box: Box
    legend: tuple[tuple[str, float], ...]


@dataclass(frozen=True, eq=False)
class Outlines:
    """Lines around the bins, each as long as it can be: neighbours share theirs.

    Attributes
    ----------
    lines : float64 [n, 4]
        x and y of both ends, in parent pixels; upright or lying.
    side : float
        Width of the median bin, in pixels.
    """

    lines: NDArray[np.float64] = field(repr=False)
    side: float


@dataclass(frozen=True, eq=False)
class Overlays:
    """The overlays that are switched on; `key` names what they were made of."""

    key: tuple[Any, ...] = ()
    bins: Outlines | None = None
    mask: Layer | None = None
    coverage: Layer | None = None


def draw_overlays(
    wanted: frozenset[str],
    pair: tuple[Exposure, Exposure],
    result: MatchResult,
    window: Window,
    last: Overlays | None,
    progress: Progress = SILENT,
) -> Overlays:
    """Draw the overlays in `wanted`; `last` is taken where nothing changed."""
    planes = result.config.bad_mask_planes
    key = _key(wanted, pair, result, window)
    if last is not None and _alike(last.key, key):
        return last
    xy0 = result.difference.xy0
    same = last is not None and _alike(last.key[1:5], key[1:5])
    mask = last.mask if same and last is not None else None
    coverage = last.coverage if same and last is not None else None
    if "mask" not in wanted:
        mask = None
    elif mask is None:
        mask = _mask(pair, planes, window, xy0, progress)
    if "coverage" not in wanted:
        coverage = None
    elif coverage is None:
        coverage = _coverage(pair, window, xy0, progress)
    bins = bin_outlines(result) if "bins" in wanted else None
    return Overlays(key, bins, mask, coverage)


def needs_pixels(
    wanted: frozenset[str],
    pair: tuple[Exposure, Exposure],
    result: MatchResult,
    window: Window,
    last: Overlays | None,
) -> bool:
    """Say whether `draw_overlays` has to go through the pixels, which takes a while."""
    if not wanted & {"mask", "coverage"}:
        return False
    if last is None or not _alike(last.key[1:5], _key(wanted, pair, result, window)[1:5]):
        return True
    lacking = ("mask" in wanted and last.mask is None, "coverage" in wanted and not last.coverage)
    return any(lacking)


def _key(
    wanted: frozenset[str], pair: tuple[Exposure, Exposure], result: MatchResult, window: Window
) -> tuple[Any, ...]:
    # The exposures themselves are the key, not their ids: an id may come back.
    return (wanted, window, result.config.bad_mask_planes, *pair, result.bins)


def _alike(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    plain = (frozenset, Window, tuple)
    return len(old) == len(new) and all(
        a == b if isinstance(b, plain) else a is b for a, b in zip(old, new, strict=True)
    )


def bin_outlines(result: MatchResult) -> Outlines:
    """Return the lines around the bins that judge the fit."""
    bins, (x0, y0) = result.bins, result.difference.xy0
    left, right = np.asarray(bins.left), np.asarray(bins.right)
    bottom, top = np.asarray(bins.bottom), np.asarray(bins.top)
    if not len(left):
        return Outlines(np.empty((0, 4)), 0.0)
    xs, ys = np.unique((left, right)), np.unique((bottom, top))
    there = np.zeros((len(ys) - 1, len(xs) - 1), bool)
    there[np.searchsorted(ys, bottom), np.searchsorted(xs, left)] = True
    rows, starts, ends = _runs(there)
    lying = np.column_stack((xs[starts], ys[rows], xs[ends], ys[rows]))
    columns, starts, ends = _runs(there.T)
    upright = np.column_stack((xs[columns], ys[starts], xs[columns], ys[ends]))
    lines = np.concatenate((lying, upright)) + np.array([x0, y0, x0, y0]) - 0.5
    return Outlines(lines, float(np.median(right - left)))


def _runs(there: NDArray[np.bool_]) -> tuple[NDArray[np.intp], ...]:
    """Edges below and above the cells of a grid: which row of edges, first and last corner."""
    edges = np.pad(there, ((1, 0), (0, 0))) | np.pad(there, ((0, 1), (0, 0)))
    steps = np.diff(np.pad(edges.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(steps == 1)
    return rows, starts, np.nonzero(steps == -1)[1]


def _mask(
    pair: tuple[Exposure, Exposure],
    planes: tuple[str, ...],
    window: Window,
    xy0: tuple[int, int],
    progress: Progress,
) -> Layer:
    known = tuple(n for n in planes if any(n in (e.planes or {}) for e in pair))
    used = [0 if e.mask is None else int(np.bitwise_or.reduce(e.mask, axis=None)) for e in pair]
    legend = []
    for name in known:
        progress.step()
        ours = name == DETECTED and any(e.detection is not None for e in pair)
        legend.append((f"{name} (by bgviewer)" if ours else name, _share(pair, used, name)))
    codes = _hatched(block_planes(pair, known, window), len(known))
    return Layer(codes, window.box(xy0), tuple(legend))


def _share(pair: tuple[Exposure, Exposure], used: list[int], name: str) -> float:
    """Share of the pixels where a plane is set in one exposure or the other.

    `used` are the bits that each of them has set anywhere.
    """
    found = None
    for exposure, anywhere in zip(pair, used, strict=True):
        if exposure.mask is None or name not in (exposure.planes or {}):
            continue
        bit = in_type_of(exposure.mask, 1 << (exposure.planes or {})[name])
        if not anywhere & int(bit):
            continue
        here = (exposure.mask & bit) != 0
        found = here if found is None else found | here
    return 0.0 if found is None else float(np.count_nonzero(found) / found.size)


def _coverage(
    pair: tuple[Exposure, Exposure], window: Window, xy0: tuple[int, int], progress: Progress
) -> Layer:
    codes = np.zeros(window.shape, np.uint8)
    legend = []
    names = ("no data in the reference", "no data in the science exposure")
    nowhere = []
    for i, (exposure, name) in enumerate(zip(pair, names, strict=True)):
        empty = np.isnan(block_mean(exposure.image, window, progress))
        lacking = ~np.isfinite(exposure.image)
        nowhere.append(lacking)
        if "NO_DATA" in (exposure.planes or {}):
            empty |= block_planes((exposure,), ("NO_DATA",), window) > 0
            assert exposure.mask is not None
            bit = in_type_of(exposure.mask, 1 << (exposure.planes or {})["NO_DATA"])
            lacking = lacking | ((exposure.mask & bit) != 0)
        codes[empty] += i + 1
        legend.append((name, float(np.count_nonzero(lacking) / lacking.size)))
    both = nowhere[0] & nowhere[1]
    legend.append(("no data in both", float(np.count_nonzero(both) / both.size)))
    return Layer(_hatched(codes, 3), window.box(xy0), tuple(legend))


def _hatched(codes: NDArray[np.uint8], kinds: int) -> NDArray[np.uint8]:
    """Add lines to the grounds: each kind runs another way or is spaced otherwise."""
    y, x = np.ogrid[: codes.shape[0], : codes.shape[1]]
    ways = ((x + y) % _PERIOD < 2, (x - y) % _PERIOD < 2, (y + 0 * x) % _PERIOD < 2)
    out = codes.copy()
    for kind in range(1, kinds + 1):
        lines = (codes == kind) & ways[(kind - 1) % 3]
        out[lines] = kind + kinds
    return out
