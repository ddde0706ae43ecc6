"""Pairs of exposures whose true difference of the skies is known, of thirteen kinds.

For benchmarks and tests that hold a model against the truth.  Everything follows from the numbers
of a `Scene`; amplitudes are half the range of the sky difference in units of the noise of one
pixel of the difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from bgviewer import MaskedImage

__all__ = ["KINDS", "LAYOUTS", "MADE", "Pair", "Scene", "make_pair", "many_scenes", "true_sky"]

Image = NDArray[np.float64]

KINDS = (
    "flat",
    "plane",
    "quadratic",
    "moonlight",
    "ring ghost",
    "fringes",
    "arc",
    "amplifier steps",
    "sawtooth",
    "vignetting",
    "cirrus",
    "glows",
    "mixture",
)
LAYOUTS = ("full", "hole", "gaps", "partial")
NOISES = ("white", "resampled")
SOURCES = ("masked", "unmasked", "both")
DETECTED = 1 << 5
NOISE = 10.0
"""Standard deviation of a pixel of the difference."""
_LEVEL = 300.0


@dataclass(frozen=True)
class Scene:
    """What a pair is made of.

    Attributes
    ----------
    kind : str
        Of `KINDS`.
    amplitude : float
        Half the range of the sky difference, in units of the pixel noise.
    side : int
    noise, sources, layout : str
        Of `NOISES`, `SOURCES`, `LAYOUTS`.
    seed : int
    """

    kind: str
    amplitude: float
    side: int = 512
    noise: str = "white"
    sources: str = "masked"
    layout: str = "full"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Pair:
    """Reference, science, and what is true of them.

    Attributes
    ----------
    reference, science : MaskedImage
    truth : ndarray float64 [side, side]
        Reference - science of the skies.
    covered, unmasked : ndarray of bool [side, side]
        Pixels that both exposures cover, and those of them that no mask excludes.
    """

    reference: MaskedImage
    science: MaskedImage
    truth: Image
    covered: NDArray[np.bool_]
    unmasked: NDArray[np.bool_]


def many_scenes(count: int, first_seed: int = 0) -> list[Scene]:
    """Return scenes of all kinds, amplitudes 0.05 to 30, most of them 512 and 1024 pixels wide."""
    found = []
    for i in range(count):
        rng = np.random.default_rng([first_seed, i])
        found.append(
            Scene(
                KINDS[i % len(KINDS)],
                float(np.exp(rng.uniform(math.log(0.05), math.log(30)))),
                int(rng.choice([512, 1024, 2048], p=[0.55, 0.37, 0.08])),
                str(rng.choice(NOISES)),
                str(rng.choice(SOURCES)),
                str(rng.choice(LAYOUTS, p=[0.3, 0.3, 0.2, 0.2])),
                1000 * first_seed + i,
            )
        )
    return found


# ------------------------------------------------------------------ skies


def _axes(side: int) -> tuple[Image, Image]:
    """Return y [side, 1] and x [1, side], -1 to 1."""
    along = (np.arange(side) - 0.5 * (side - 1)) * 2.0 / side
    return along[:, None], along[None, :]


def _flat(rng: np.random.Generator, side: int) -> Image:
    return np.zeros((side, side))


def _plane(rng: np.random.Generator, side: int) -> Image:
    y, x = _axes(side)
    angle = rng.uniform(0, 2 * np.pi)
    return math.cos(angle) * x + math.sin(angle) * y


def _quadratic(rng: np.random.Generator, side: int) -> Image:
    y, x = _axes(side)
    a, b, c, d, e = rng.normal(size=5)
    return a * x * x + b * x * y + c * y * y + d * x + e * y


def _moonlight(rng: np.random.Generator, side: int) -> Image:
    """Scattered light of a source outside the field."""
    y, x = _axes(side)
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(1.6, 4.0)
    r = np.hypot(x - distance * math.cos(angle), y - distance * math.sin(angle))
    return r ** -rng.uniform(0.8, 2.0)


def _ring_ghost(rng: np.random.Generator, side: int) -> Image:
    """A pupil image with a central hole and soft edges."""
    y, x = _axes(side)
    cy, cx = rng.uniform(-0.6, 0.6, 2)
    r, radius = np.hypot(x - cx, y - cy), rng.uniform(0.25, 0.7)
    hole, soft = radius * rng.uniform(0.3, 0.5), radius * rng.uniform(0.06, 0.15)
    return np.asarray(0.5 * (np.tanh((r - hole) / soft) - np.tanh((r - radius) / soft)))


def _fringes(rng: np.random.Generator, side: int) -> Image:
    """Bent fringes of 80 to 240 pixels."""
    y, x = np.indices((side, side), dtype=float)
    angle, length = rng.uniform(0, np.pi), rng.uniform(80, 240)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = (y * math.cos(angle) - x * math.sin(angle)) / side
    bend = rng.uniform(0.2, 1.0) * length * np.sin(2 * np.pi * across + rng.uniform(0, 6))
    return np.asarray(np.sin(2 * np.pi * (along + bend) / length))


def _arc(rng: np.random.Generator, side: int) -> Image:
    """A curved band of scattered light, brighter to one end."""
    y, x = _axes(side)
    angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 2.0)
    cy, cx = distance * math.sin(angle), distance * math.cos(angle)
    r, turn = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
    radius, width = distance + rng.uniform(-0.4, 0.4), rng.uniform(0.08, 0.25)
    fade = 1 + 0.5 * np.cos(turn - rng.uniform(0, 2 * np.pi))
    return np.asarray(fade * np.exp(-0.5 * ((r - radius) / width) ** 2))


def _amplifier_steps(rng: np.random.Generator, side: int) -> Image:
    count = int(rng.choice([2, 4, 8]))
    steps = np.repeat(rng.normal(size=count), -(-side // count))[:side]
    rows = np.where(np.arange(side) < side // 2, 1.0, rng.choice([1.0, -0.5]))
    return rows[:, None] * steps[None, :]


def _sawtooth(rng: np.random.Generator, side: int) -> Image:
    """A ramp that starts anew with every chip or readout block."""
    period = side / rng.uniform(1.5, 4.0)
    ramp = ((np.arange(side) + rng.uniform(0, period)) % period) / period
    sky = np.broadcast_to(ramp, (side, side))
    return sky.T if rng.random() < 0.5 else sky


def _vignetting(rng: np.random.Generator, side: int) -> Image:
    y, x = _axes(side)
    cy, cx = rng.uniform(-0.3, 0.3, 2)
    return np.asarray(((x - cx) ** 2 + (y - cy) ** 2) ** 2)


def _cirrus(rng: np.random.Generator, side: int) -> Image:
    """A Gaussian field of power k^-3."""
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    k[0, 0] = np.inf
    return np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) * k**-1.5, (side, side))


def _glows(rng: np.random.Generator, side: int) -> Image:
    """Glows at borders and inside."""
    y, x = _axes(side)
    sky = np.zeros((side, side))
    for _ in range(int(rng.integers(1, 5))):
        cy, cx = rng.uniform(-1.1, 1.1, 2)
        width = rng.uniform(0.12, 0.6)
        r2 = ((x - cx) ** 2 + (y - cy) ** 2) / width**2
        sky += rng.uniform(0.3, 1.0) * np.exp(-0.5 * r2)
    return sky


def _mixture(rng: np.random.Generator, side: int) -> Image:
    sky = np.zeros((side, side))
    for kind in rng.choice(KINDS[1:-1], int(rng.integers(2, 4)), replace=False):
        sky += rng.uniform(0.3, 1.0) * _unit(_MAKERS[KINDS.index(kind)](rng, side))
    return sky


_MAKERS: Sequence[Callable[[np.random.Generator, int], Image]] = (
    _flat,
    _plane,
    _quadratic,
    _moonlight,
    _ring_ghost,
    _fringes,
    _arc,
    _amplifier_steps,
    _sawtooth,
    _vignetting,
    _cirrus,
    _glows,
    _mixture,
)
MADE = dict(zip(KINDS, _MAKERS, strict=True))
"""Maker of each kind: generator and side -> sky of any range."""


def _unit(sky: Image) -> Image:
    """Return the sky about its middle with half its range 1; a flat one stays."""
    low, high = float(sky.min()), float(sky.max())
    half = 0.5 * (high - low)
    return (sky - 0.5 * (low + high)) / half if half > 0 else sky - low


def true_sky(scene: Scene) -> Image:
    """Return reference - science of the skies, in units of the images."""
    rng = np.random.default_rng([scene.seed, KINDS.index(scene.kind), 1])
    level = rng.uniform(-3, 3)
    shape = _unit(MADE[scene.kind](rng, scene.side))
    return np.asarray(NOISE * (level + scene.amplitude * shape))


# ------------------------------------------------------------------ exposures


def _noise(scene: Scene, rng: np.random.Generator) -> Image:
    """Noise of one exposure; "resampled" as a bilinear shift leaves it, scaled to the same."""
    noise = rng.standard_normal((scene.side, scene.side))
    if scene.noise == "resampled":
        for axis in (0, 1):
            share = rng.uniform(0.2, 0.8)
            kernel = np.array([share, 1 - share]) / math.hypot(share, 1 - share)
            noise = convolve1d(noise, kernel, axis=axis, mode="wrap")
    return np.asarray(NOISE / math.sqrt(2.0) * noise)


def _stamp(image: Image, at: tuple[float, float], peak: float, width: float) -> None:
    (y, x), reach = at, int(5 * width) + 1
    side = len(image)
    y0, y1 = max(0, int(y) - reach), min(side, int(y) + reach + 1)
    x0, x1 = max(0, int(x) - reach), min(side, int(x) + reach + 1)
    along = np.exp(-0.5 * ((np.arange(x0, x1) - x) / width) ** 2)
    across = np.exp(-0.5 * ((np.arange(y0, y1) - y) / width) ** 2)
    image[y0:y1, x0:x1] += peak * across[:, None] * along


def _disc(side: int, at: tuple[float, float], radius: float) -> tuple[slice, slice, NDArray]:
    (y, x), reach = at, int(radius) + 2
    rows = slice(max(0, int(y) - reach), min(side, int(y) + reach + 1))
    columns = slice(max(0, int(x) - reach), min(side, int(x) + reach + 1))
    yy = np.arange(rows.start, rows.stop)[:, None] - y
    xx = np.arange(columns.start, columns.stop)[None, :] - x
    return rows, columns, yy * yy + xx * xx <= radius * radius


def _masked_sources(rng: np.random.Generator, planes: Sequence[Image], mask: NDArray) -> None:
    """Put sources under discs until 2 to 45 % of the pixels are masked."""
    side = len(mask)
    wanted = mask.mean() + 0.02 + 0.43 * rng.random() ** 2
    while mask.mean() < min(wanted, 0.8):
        radius = min(3.0 * (1 + rng.pareto(1.3)), 0.06 * side)
        at = rng.uniform(0, side), rng.uniform(0, side)
        rows, columns, inside = _disc(side, at, radius)
        mask[rows, columns] |= inside
        for plane, seeing in zip(planes, (1.0, 1.15), strict=True):
            width = seeing * radius / 4.5  # 0.1 % of the noise is left at the disc's border
            _stamp(plane, at, rng.uniform(3, 100) * NOISE / seeing**2, width)


def _unmasked_sources(rng: np.random.Generator, planes: Sequence[Image]) -> None:
    """Put sources below the detection limit into both, cosmic rays and a trail into one each."""
    side = len(planes[0])
    share = (side / 512) ** 2
    for _ in range(int(rng.uniform(60, 250) * share)):
        at, peak = rng.uniform(0, side, 2), rng.uniform(0.5, 6) * NOISE
        size = rng.uniform(1.2, 3.0)
        for plane, seeing in zip(planes, (1.0, 1.2), strict=True):
            _stamp(plane, (at[0], at[1]), peak / seeing**2, size * seeing)
    for plane in planes:
        for _ in range(int(rng.uniform(5, 40) * share)):
            y, x = rng.integers(0, side - 8, 2)
            length = int(rng.integers(1, 8))
            plane[y, x : x + length] += rng.uniform(10, 200) * NOISE
        for _ in range(int(rng.uniform(0, 8) * share)):
            _stamp(plane, tuple(rng.uniform(0, side, 2)), rng.uniform(2, 40) * NOISE, 2.0)
    if rng.random() < 0.3:
        angle, offset = rng.uniform(0, np.pi), rng.uniform(-0.3, 0.3) * side
        y, x = np.indices((side, side)) - side / 2
        away = x * math.cos(angle) + y * math.sin(angle) - offset
        planes[0] += rng.uniform(1, 10) * NOISE * np.exp(-0.5 * (away / 2.0) ** 2)


def _hole(rng: np.random.Generator, planes: Sequence[Image], mask: NDArray) -> None:
    """Mask one to three large galaxies, with their light."""
    side = len(mask)
    y, x = np.indices((side, side), dtype=float)
    for _ in range(int(rng.integers(1, 4))):
        cy, cx = rng.uniform(0.05, 0.95, 2) * side
        long, ratio = rng.uniform(0.1, 0.45) * side, rng.uniform(0.5, 1.0)
        angle = rng.uniform(0, np.pi)
        u = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
        v = (y - cy) * math.cos(angle) - (x - cx) * math.sin(angle)
        r = np.hypot(u, v / ratio) / long
        mask |= r <= 1
        light = np.exp(-9.0 * r)
        for plane, gain in zip(planes, (1.0, 1.02), strict=True):
            plane += rng.uniform(0.99, 1.01) * gain * 50 * NOISE * light


def _gaps(rng: np.random.Generator, side: int) -> NDArray[np.bool_]:
    """Return where chip gaps lie."""
    gone = np.zeros((side, side), dtype=bool)
    for transposed in (False, True):
        for _ in range(int(rng.integers(0 if transposed else 1, 3))):
            start, width = int(rng.uniform(0.1, 0.9) * side), int(rng.uniform(0.01, 0.08) * side)
            (gone.T if transposed else gone)[:, start : start + max(4, width)] = True
    return gone


def _beyond(rng: np.random.Generator, side: int) -> NDArray[np.bool_]:
    """Return what lies beyond a slanted border."""
    y, x = _axes(side)
    angle = rng.uniform(0, 2 * np.pi)
    return x * math.cos(angle) + y * math.sin(angle) > rng.uniform(-0.1, 0.7)


def make_pair(scene: Scene) -> Pair:
    """Return the pair of a scene."""
    truth = true_sky(scene)
    rng = np.random.default_rng([scene.seed, KINDS.index(scene.kind), 2])
    side = scene.side
    planes = [np.full((side, side), _LEVEL), np.full((side, side), _LEVEL)]
    mask = np.zeros((side, side), dtype=bool)
    if scene.layout == "hole":
        _hole(rng, planes, mask)
    if scene.sources != "unmasked":
        _masked_sources(rng, planes, mask)
    if scene.sources != "masked":
        _unmasked_sources(rng, planes)
    for plane in planes:
        plane += _noise(scene, rng)
    reference, science = planes[0] + truth, planes[1]
    if scene.layout in ("gaps", "partial"):
        gone = _gaps(rng, side) if scene.layout == "gaps" else _beyond(rng, side)
        science[gone] = np.nan
    covered = np.isfinite(reference) & np.isfinite(science)
    flags = np.where(mask, DETECTED, 0).astype(np.int32)
    variance = np.full((side, side), 0.5 * NOISE**2, dtype=np.float32)
    made = [MaskedImage(p.astype(np.float32), flags, variance) for p in (reference, science)]
    return Pair(made[0], made[1], truth, covered, covered & ~mask)
