"""Which exposure should be the reference (SPEC section 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import NoneType

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.blocks import BandLoader, moments_of_bands
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage, as_masked_image
from bgviewer.engine.mask_use import MaskUse, mask_use
from bgviewer.engine.masks import Masked
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scatter import pixels_scatter
from bgviewer.engine.scratch import Scratch
from bgviewer.errors import NoReferenceError, resource_errors

__all__ = [
    "Measurement",
    "Ranking",
    "Terms",
    "exposure_scatters",
    "measure_bands",
    "measure_exposure",
    "rank_exposures",
]

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """What the ranking knows of one exposure.

    Attributes
    ----------
    pixel_variance : float
        Sample variance of the good pixels' VALUES (sources and gradients included; not the
        variance plane). NaN below two good pixels.
    level : float
        Their mean. NaN without good pixels.
    coverage : float
        Their number.
    mask : MaskUse or None
        What is remarkable about the mask; None where nothing is.
    has_scatter : bool
        False where the values hardly differ from pixel to pixel, as in constants, masks, and maps
        of weights or inputs: no exposure of the sky. LSST's cost knows nothing of it.
    """

    pixel_variance: float
    level: float
    coverage: float
    mask: MaskUse | None = None
    has_scatter: bool = True


@dataclass(frozen=True, eq=False)
class Terms:
    """The three ratios of the cost, one number per exposure, and their weighted values.

    Attributes
    ----------
    variance, level, coverage : ndarray float64, shape (n,)
    weighted : ndarray float64, shape (n, 3)
        Columns variance, level, coverage; their sum is the cost.
    """

    variance: Vector
    level: Vector
    coverage: Vector
    weighted: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Exposures as references.

    Attributes
    ----------
    cost : ndarray float64, shape (n,)
        Small is good; NaN where the exposure could not be measured.
    best : int
        First index of the smallest cost.
    order : tuple of int
        Indices, best first; those without a cost last.
    terms : Terms
    warnings : tuple of str
        Why the figures may mislead.
    """

    cost: Vector
    best: int
    order: tuple[int, ...]
    terms: Terms
    warnings: tuple[str, ...]


@resource_errors()
def measure_exposure(
    image: MaskedImage,
    config: MatchConfig | None = None,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> Measurement:
    """Measure scatter, level and count of the good pixels of the whole image.

    Parameters
    ----------
    image : MaskedImage, or anything that it takes as an image
    config : MatchConfig, optional
        Whose badMaskPlanes say which pixels are good.

    Raises
    ------
    ShapeMismatchError
        `image` is no 2-D array of numbers.
    """
    image = as_masked_image(image, "exposure")
    planes = (config or MatchConfig()).bad_mask_planes
    found = measure_bands(image.shape, _loader(image, config), progress, threads=threads)
    return replace(found, mask=mask_use(image, planes, found.coverage))


def exposure_scatters(image: MaskedImage, config: MatchConfig | None = None) -> bool:
    """Return `Measurement.has_scatter` alone; looks at a sample of the rows."""
    return pixels_scatter(image.shape, _loader(image, config))


def _loader(image: MaskedImage, config: MatchConfig | None) -> BandLoader:
    planes = (config or MatchConfig()).bad_mask_planes
    mask, bits = image.masked(planes)

    def load(rows: slice, scratch: Scratch) -> tuple[NDArray[np.float32], Masked]:
        return image.image[rows], (None if mask is None else mask[rows], bits)

    return load


def measure_bands(
    shape: tuple[int, int],
    load: BandLoader,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> Measurement:
    """Measure an exposure of that shape whose pixels are fetched band by band."""
    edges = (np.array([0, side]) for side in shape)
    moments = moments_of_bands(load, *edges, progress=progress, threads=threads)
    n = int(moments.n[0, 0])
    return Measurement(
        has_scatter=pixels_scatter(shape, load),
        pixel_variance=float(moments.variance[0, 0]),
        level=float(moments.mean[0, 0]) if n else math.nan,
        coverage=float(n),
    )


def rank_exposures(
    measurements: Sequence[Measurement | None], config: MatchConfig | None = None
) -> Ranking:
    """Rank by cost; instant, so that weights can be tuned live.

    Parameters
    ----------
    measurements : sequence of Measurement or None
        None = could not be measured; it gets cost NaN.

    Raises
    ------
    NoReferenceError
        When there are no exposures, or none has a cost.
    """
    config = config or MatchConfig()
    if not measurements:
        raise NoReferenceError("there are no exposures to choose a reference from")
    for number, measured in enumerate(measurements):
        if not isinstance(measured, (Measurement, NoneType)):
            raise NoReferenceError(
                f"measurements[{number}] is a {type(measured).__name__}; pass what "
                "measure_exposure returns, or None"
            )
    variance, level, coverage = (
        np.array([math.nan if m is None else getattr(m, name) for m in measurements])
        for name in ("pixel_variance", "level", "coverage")
    )
    warnings = _warnings(level, coverage, config)
    if config.level_above_minimum:
        level = level - _smallest(level)
    with np.errstate(all="ignore"):
        variance = variance / _largest(variance)
        level = level / _largest(level)
        coverage = _smallest(coverage) / coverage
        weighted = np.stack(
            [
                config.best_ref_weight_variance * variance,
                config.best_ref_weight_level * level,
                config.best_ref_weight_coverage * coverage,
            ],
            axis=1,
        )
        cost = weighted[:, 0] + weighted[:, 1]
        cost = cost + weighted[:, 2]
    if all(m is None for m in measurements):
        raise NoReferenceError(
            f"none of the {len(measurements)} exposures can be the reference: none of them could "
            "be measured (they cannot be read, or are excluded)."
        )
    if np.isnan(cost).all():
        raise NoReferenceError(
            f"none of the {len(measurements)} exposures can be the reference: no cost can be "
            "computed (no good pixels, or all of them constant). Check badMaskPlanes."
        )
    order = np.argsort(cost, kind="stable")  # NaN last, equal costs in input order
    return Ranking(
        cost=cost,
        best=int(order[0]),
        order=tuple(int(i) for i in order),
        terms=Terms(variance, level, coverage, weighted),
        warnings=warnings,
    )


def _largest(values: Vector) -> float:
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else math.nan


def _smallest(values: Vector) -> float:
    known = values[~np.isnan(values)]
    return float(known.min()) if known.size else math.nan


def _warnings(level: Vector, coverage: Vector, config: MatchConfig) -> tuple[str, ...]:
    found = []
    if config.best_ref_weight_level > 0 and not config.level_above_minimum:
        if _largest(level) <= 0:
            found.append(
                "the level term is inverted: no exposure has a positive mean level (sky already "
                "subtracted?); set bestRefWeightLevel to 0 or switch levelAboveMinimum on"
            )
        elif _smallest(level) < 0:
            found.append(
                "the level term rewards negative mean levels (sky already subtracted?); set "
                "bestRefWeightLevel to 0 or switch levelAboveMinimum on"
            )
    if config.best_ref_weight_coverage > 0 and (coverage == 0).any():
        found.append(
            "an exposure without good pixels makes the coverage term 0 for all; leave it out"
        )
    return tuple(found)
