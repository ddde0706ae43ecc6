"""Seeded stacks of exposures whose sky is known: for the demo, tests and benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import CANONICAL_PLANES, Exposure

__all__ = ["Recipe", "SyntheticStack", "make_stack"]

Array = NDArray[np.float64]
_PIXEL_ARCSEC = 0.2
_GAIN = 4.0  # electrons per unit


@dataclass(frozen=True)
class Recipe:
    """What a generated stack shall hold.

    Attributes
    ----------
    shape : (int, int)
        ``(ny, nx)``.
    n_exposures : int
        Exposures that lie on the common grid.
    seed : int
        Everything random comes from it.
    n_stars, n_galaxies : int
        Sources, the same in every exposure.
    noise : float
        Standard deviation of the sky noise, in the exposures' unit.
    odd_one : bool
        Add a last exposure in larger pixels, which cannot be matched as it is.
    plane_only : bool
        No wide glow: only a plane per exposure.
    """

    shape: tuple[int, int] = (1024, 1024)
    n_exposures: int = 7
    seed: int = 20
    n_stars: int = 260
    n_galaxies: int = 60
    noise: float = 8.0
    odd_one: bool = True
    plane_only: bool = False


@dataclass(frozen=True, eq=False)
class SyntheticStack:
    """Generated exposures and the truth about them.

    Attributes
    ----------
    exposures : tuple of Exposure
    sky : tuple of ndarray float64 [ny, nx]
        Sky background of each exposure; the true model of a pair is their difference.
    recipe : Recipe
    """

    exposures: tuple[Exposure, ...]
    sky: tuple[Array, ...]
    recipe: Recipe


def make_stack(recipe: Recipe | None = None, **changes: Any) -> SyntheticStack:
    """Make a stack; `changes` are fields of `Recipe`.

    Stars, galaxies, a moonlit sky that differs from night to night, detector edges that differ
    by dither, a chip gap, cosmic rays, saturated cores, and one satellite trail.
    """
    recipe = replace(recipe or Recipe(), **changes)
    rng = np.random.default_rng(recipe.seed)
    sources = _sources(recipe, rng)
    exposures, skies = [], []
    for index in range(recipe.n_exposures + int(recipe.odd_one)):
        sky = _sky(recipe, rng, index)
        exposure = _observe(recipe, rng, index, sources, sky)
        if index >= recipe.n_exposures:
            exposure, sky = _binned(exposure), _quarters(sky).mean(axis=0)
        exposures.append(exposure)
        skies.append(sky)
    return SyntheticStack(tuple(exposures), tuple(skies), recipe)


def _sources(recipe: Recipe, rng: np.random.Generator) -> Array:
    """Return stars and galaxies without sky or noise."""
    ny, nx = recipe.shape
    image = np.zeros((ny, nx))
    for _ in range(recipe.n_stars):
        flux = 600.0 * (1.0 + rng.pareto(0.9))
        _stamp(image, rng.uniform(0, nx), rng.uniform(0, ny), min(flux, 3e6), 1.9, 1.0, 0.0, 1.0)
    for _ in range(recipe.n_galaxies):
        flux = 4000.0 * (1.0 + rng.pareto(1.2))
        size = 2.5 + 1.2 * rng.pareto(1.8)
        _stamp(
            image,
            rng.uniform(0, nx),
            rng.uniform(0, ny),
            min(flux, 6e5),
            min(size, 28.0),
            rng.uniform(0.35, 1.0),
            rng.uniform(0, np.pi),
            0.5,
        )
    return image


def _stamp(
    image: Array,
    x: float,
    y: float,
    flux: float,
    size: float,
    axis_ratio: float,
    angle: float,
    power: float,
) -> None:
    """Add exp(-(r/size)^(2 power)) of the given flux: a star (power 1) or a disc (power 1/2)."""
    ny, nx = image.shape
    reach = int(np.ceil(size * (6 if power == 1.0 else 11)))
    x0, x1 = max(0, int(x) - reach), min(nx, int(x) + reach + 1)
    y0, y1 = max(0, int(y) - reach), min(ny, int(y) + reach + 1)
    if x0 >= x1 or y0 >= y1:
        return
    dy, dx = np.mgrid[y0:y1, x0:x1].astype(float)
    dx, dy = dx - x, dy - y
    u = (dx * np.cos(angle) + dy * np.sin(angle)) / size
    v = (dy * np.cos(angle) - dx * np.sin(angle)) / (size * axis_ratio)
    area = np.pi * size**2 * axis_ratio * (1.0 if power == 1.0 else 2.0)
    image[y0:y1, x0:x1] += flux / area * np.exp(-((u * u + v * v) ** power))


def _sky(recipe: Recipe, rng: np.random.Generator, index: int) -> Array:
    """Return a sky of level, slope and curvature; every third night also a glow."""
    ny, nx = recipe.shape
    x = (np.arange(nx) - 0.5 * (nx - 1)) / (0.5 * nx)
    y = (np.arange(ny)[:, None] - 0.5 * (ny - 1)) / (0.5 * ny)
    level = rng.uniform(160.0, 420.0)
    slope = rng.normal(0.0, 0.09 * level, 2)
    curve = rng.normal(0.0, 0.03 * level, 3)
    sky = level + slope[0] * x + slope[1] * y
    if recipe.plane_only:
        return np.asarray(sky)
    sky = sky + curve[0] * x * x + curve[1] * x * y + curve[2] * y * y
    amplitude = 0.14 * level * float(index % 3 == 1)
    centre = rng.uniform(-0.7, 0.7, 2)
    radius = rng.uniform(0.25, 0.45)
    glow = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2.0 * radius**2))
    return np.asarray(sky + amplitude * glow)


def _observe(
    recipe: Recipe, rng: np.random.Generator, index: int, sources: Array, sky: Array
) -> Exposure:
    ny, nx = recipe.shape
    variance = recipe.noise**2 * (sky / 250.0) + sources / _GAIN
    image = sources + sky + rng.standard_normal((ny, nx)) * np.sqrt(variance)
    mask = np.zeros((ny, nx), dtype=np.int32)
    mask[sources > 1.5 * recipe.noise] |= 1 << CANONICAL_PLANES["DETECTED"]
    saturated = sources > 4e3
    image[saturated] = 4e3 + sky[saturated]
    mask[saturated] |= 1 << CANONICAL_PLANES["SAT"]
    _cosmic_rays(recipe, rng, image, mask)
    if index == 2:
        _trail(recipe, image, mask)
    empty = _no_data(recipe, rng)
    image[empty] = np.nan
    variance = np.where(empty, np.inf, variance)
    mask[empty] |= 1 << CANONICAL_PLANES["NO_DATA"]
    return Exposure(
        image=image.astype(np.float32),
        mask=mask,
        variance=variance.astype(np.float32),
        planes=CANONICAL_PLANES,
        xy0=(4000, 8000),
        name=f"demo_{index + 1:02d}",
        header=_header(recipe, index),
        unit="nJy",
        zero_point=31.4,
    )


def _cosmic_rays(
    recipe: Recipe, rng: np.random.Generator, image: Array, mask: NDArray[np.int32]
) -> None:
    ny, nx = recipe.shape
    for _ in range(max(1, ny * nx // 40_000)):
        x, y = int(rng.integers(0, nx)), int(rng.integers(0, ny))
        across, up = int(rng.integers(1, 9)), int(rng.integers(1, 4))
        image[y : y + up, x : x + across] += rng.uniform(200, 3000)
        mask[y : y + up, x : x + across] |= 1 << CANONICAL_PLANES["CR"]


def _trail(recipe: Recipe, image: Array, mask: NDArray[np.int32]) -> None:
    """Draw a satellite across the image; its core is flagged, its faint wings are not."""
    ny, nx = recipe.shape
    y, x = np.mgrid[0:ny, 0:nx]
    distance = np.abs((y - 0.18 * ny) - 0.62 * (x - 0.05 * nx)) / np.hypot(1.0, 0.62)
    image += 900.0 * np.exp(-0.5 * (distance / 2.5) ** 2) + 6.0 * np.exp(-distance / 9.0)
    mask[distance < 9] |= 1 << CANONICAL_PLANES["BAD"]


def _no_data(recipe: Recipe, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return where the detectors did not look: dithered edges and one gap between chips."""
    ny, nx = recipe.shape
    empty = np.zeros((ny, nx), dtype=bool)
    reach_x, reach_y = max(1, nx // 14), max(1, ny // 14)
    dx, dy = rng.integers(-reach_x, reach_x + 1), rng.integers(-reach_y, reach_y + 1)
    if dx > 0:
        empty[:, :dx] = True
    elif dx < 0:
        empty[:, dx:] = True
    if dy > 0:
        empty[:dy] = True
    elif dy < 0:
        empty[dy:] = True
    gap = max(2, nx // 60)
    middle = int(0.62 * nx + dx)
    empty[:, middle : middle + gap] = True
    return empty


def _header(recipe: Recipe, index: int) -> dict[str, Any]:
    ny, nx = recipe.shape
    scale = _PIXEL_ARCSEC / 3600.0
    return {
        "TELESCOP": "synthetic",
        "OBJECT": "bgviewer demo field",
        "FILTER": "i",
        "EXPTIME": 30.0,
        "DATE-OBS": f"2026-03-{index + 3:02d}T03:{7 * index + 4:02d}:00",
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CRVAL1": 150.1163,
        "CRVAL2": 2.2058,
        "CRPIX1": 0.5 * (nx + 1),
        "CRPIX2": 0.5 * (ny + 1),
        "CD1_1": -scale,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": scale,
        "RADESYS": "ICRS",
    }


def _binned(exposure: Exposure) -> Exposure:
    """Average squares of 2 x 2 pixels, as a binned read-out would: another pixel grid."""
    assert exposure.mask is not None and exposure.variance is not None
    header = dict(exposure.header or {})
    for axis in "12":
        header[f"CRPIX{axis}"] = (header[f"CRPIX{axis}"] - 0.5) / 2 + 0.5
        for other in "12":
            header[f"CD{axis}_{other}"] *= 2
    quarters = _quarters(exposure.mask)
    return replace(
        exposure,
        image=_quarters(exposure.image).mean(axis=0),
        mask=np.bitwise_or.reduce(quarters, axis=0),
        variance=_quarters(exposure.variance).mean(axis=0) / 4,
        header=header,
    )


def _quarters(values: NDArray[Any]) -> NDArray[Any]:
    """Return the four pixels of every square of 2 x 2: [4, ny // 2, nx // 2]."""
    ny, nx = (side // 2 * 2 for side in values.shape)
    even = values[:ny, :nx]
    return np.stack([even[y::2, x::2] for y in (0, 1) for x in (0, 1)])
