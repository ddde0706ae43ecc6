"""Sources of an exposure that has no DETECTED plane, found with sep (Source Extractor's code).

The plane is ours and says so: `Exposure.detection` names the options that made it.  A file is
never changed by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.detection import DETECTED, Detection
from bgviewer.engine.exposure import Exposure, with_plane
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import BgviewerError
from bgviewer.io.extras import extra_package

__all__ = ["check_sep", "detected_pixels", "has_detected", "with_detected"]

_MESH = 64  # pixels; the background that sources stand on is estimated in squares of this side
_TILE = 8 * _MESH  # sep holds the interpreter lock: small pieces leave the window its turns
_SPARE = ("NO_DATA", "BAD")  # pixels that mean nothing; saturated stars are sources all the same


def check_sep() -> Any:
    """Return the module.

    Raises
    ------
    ConfigError
        When it is not installed.
    """
    return extra_package("sep", "detect", "source detection")


def has_detected(exposure: Exposure) -> bool:
    """Whether the exposure brings a DETECTED plane with any pixel in it."""
    flagged = exposure.flagged((DETECTED,)) if DETECTED in (exposure.planes or {}) else None
    return flagged is not None and bool(flagged.any())


def with_detected(
    exposure: Exposure, detection: Detection, progress: Progress = SILENT
) -> Exposure:
    """Return the exposure with a DETECTED plane; the same object when it brings its own.

    Raises
    ------
    ConfigError
        When sep is not installed.
    BgviewerError
        When sep fails.
    """
    if has_detected(exposure):
        return exposure
    pixels = detected_pixels(exposure, detection, progress)
    return replace(with_plane(exposure, DETECTED, pixels), detection=detection)


def detected_pixels(
    exposure: Exposure, detection: Detection, progress: Progress = SILENT
) -> NDArray[np.bool_]:
    """Return which pixels belong to sources, grown.

    A source is a group of connected pixels more than `sigma` times the background's scatter above
    the background, after smoothing with sep's 3 x 3 kernel.
    """
    from scipy.ndimage import maximum_filter1d  # dear to import, and seldom needed

    sep = check_sep()
    image = np.asarray(exposure.image)
    spared = ~np.isfinite(image)
    flagged = exposure.flagged(_SPARE)
    if flagged is not None:
        spared |= flagged
    found = np.zeros(image.shape, np.uint8)
    for inner, outer, kept in _tiles(exposure.shape):
        progress.step()
        found[inner] = _sources(sep, image[outer], spared[outer], detection)[kept]
    if detection.grow:
        for axis in (0, 1):
            progress.step()
            maximum_filter1d(
                found, 2 * detection.grow + 1, axis=axis, output=found, mode="constant"
            )
    return np.asarray(found.astype(bool) & np.isfinite(image))


Box = tuple[slice, slice]


def _tiles(shape: tuple[int, int]) -> Iterator[tuple[Box, Box, Box]]:
    """Yield tiles, the same with a mesh of margin, and where the tile lies in that."""
    for y in range(0, shape[0], _TILE):
        for x in range(0, shape[1], _TILE):
            inner, outer, kept = [], [], []
            for start, side in ((y, shape[0]), (x, shape[1])):
                stop = min(start + _TILE, side)
                low, high = max(0, start - _MESH), min(side, stop + _MESH)
                inner.append(slice(start, stop))
                outer.append(slice(low, high))
                kept.append(slice(start - low, stop - low))
            yield (inner[0], inner[1]), (outer[0], outer[1]), (kept[0], kept[1])


def _sources(
    sep: Any, image: NDArray[np.float32], spared: NDArray[np.bool_], detection: Detection
) -> NDArray[np.bool_]:
    if spared.all():
        return np.zeros(image.shape, bool)
    spared = np.ascontiguousarray(spared)  # all that sep takes
    data = np.ascontiguousarray(np.where(spared, np.float32(0), image))
    side = min(_MESH, *image.shape)
    try:
        sky = sep.Background(data, mask=spared, bw=side, bh=side)
        if not sky.globalrms > 0:  # nothing scatters: there is nothing to stand out from
            return np.zeros(image.shape, bool)
        data -= sky.back(dtype=np.float32)
        told: dict[str, Any] = {
            "err": np.maximum(sky.rms(dtype=np.float32), np.float32(1e-30)),
            "mask": spared,
            "minarea": detection.min_area,
            "filter_type": "conv",  # the threshold stays in units of a pixel's scatter
            "deblend_nthresh": 1,
            "deblend_cont": 1.0,
            "clean": False,
            "segmentation_map": True,
        }
        segments = _extracted(sep, data, detection.sigma, told)
    except Exception as exc:  # sep raises nothing more specific
        raise BgviewerError(f"sources could not be detected (sep: {exc})") from exc
    return np.asarray(segments > 0)


def _extracted(sep: Any, data: NDArray[np.float32], sigma: float, told: dict[str, Any]) -> Any:
    """Return the map of sources; with more memory where so many pixels belong to some.

    sep fills its memory with every call, so that much of it takes five times as long.
    """
    usual = sep.get_extract_pixstack()
    try:
        return sep.extract(data, sigma, **told)[1]
    except Exception as exc:  # sep raises nothing more specific
        if "pixel buffer" not in str(exc):
            raise
    sep.set_extract_pixstack(max(usual, 2 * data.size))
    try:
        return sep.extract(data, sigma, **told)[1]
    finally:
        sep.set_extract_pixstack(usual)
