"""Exposures of one pixel grid but of different extent, on disk, made by astropy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

NY, NX = 96, 128
PLANES = {"BAD": 0, "SAT": 1, "NO_DATA": 8}


def sky(k: int, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Background k at parent positions: a plane, so that every model can follow it exactly."""
    return 100.0 * (k + 1) + 0.25 * k * x - 0.125 * k * y


def scene(seed: int = 5, shape: tuple[int, int] = (NY, NX)) -> np.ndarray:
    """What all exposures of the field share; no noise, so that closed forms are exact."""
    rng = np.random.default_rng(seed)
    return np.round(rng.normal(0, 4, shape) * 8) / 8


def noise(seed: int, shape: tuple[int, int] = (NY, NX)) -> np.ndarray:
    """A flat sky of 100 with noise of 1."""
    return 100.0 + np.random.default_rng(seed).normal(0, 1, shape)


def header(
    x0: float, y0: float, xy0: tuple[int, int] | None, *, turn: float = 0.0, scale: float = 1.0
) -> fits.Header:
    """WCS of a part that begins at (x0, y0) of the field; XY0 as LSST states it, if wanted."""
    cards = fits.Header()
    degrees = 0.2 / 3600 * scale
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    for axis, kind in ((1, "RA---TAN"), (2, "DEC--TAN")):
        cards[f"CTYPE{axis}"] = kind
        cards[f"CUNIT{axis}"] = "deg"
    cards["CRVAL1"], cards["CRVAL2"] = 30.0, -5.0
    cards["CRPIX1"], cards["CRPIX2"] = (64.5 - x0) / scale, (48.5 - y0) / scale
    cards["CD1_1"], cards["CD1_2"] = -degrees * cos, degrees * sin
    cards["CD2_1"], cards["CD2_2"] = degrees * sin, degrees * cos
    if xy0 is not None:
        for axis, origin in ((1, xy0[0]), (2, xy0[1])):
            cards[f"LTV{axis}"] = -float(origin)
            cards[f"CTYPE{axis}A"], cards[f"CUNIT{axis}A"] = "LINEAR", "PIXEL"
            cards[f"CRPIX{axis}A"], cards[f"CRVAL{axis}A"] = 1.0, float(origin)
    return cards


def write_part(
    path: Path,
    k: int,
    part: tuple[int, int, int, int],
    *,
    xy0: tuple[int, int] | None = (0, 0),
    image: np.ndarray | None = None,
    plain: bool = False,
) -> Path:
    """Write columns x0 to x1, rows y0 to y1 of exposure k; `xy0` is that of the whole field."""
    x0, x1, y0, y1 = part
    y, x = np.mgrid[y0:y1, x0:x1].astype(float)
    if image is None:
        image = scene()[y0:y1, x0:x1] + sky(k, y, x)
    place = None if xy0 is None else (xy0[0] + x0, xy0[1] + y0)
    cards = header(x0, y0, place)
    pixels = image.astype("f4")
    path.parent.mkdir(parents=True, exist_ok=True)
    if plain:
        fits.PrimaryHDU(pixels, cards).writeto(path)
        return path
    hdus: list = [fits.PrimaryHDU()]
    planes = (
        ("IMAGE", pixels),
        ("MASK", np.zeros(pixels.shape, "i4")),
        ("VARIANCE", np.full(pixels.shape, 2.0, "f4")),
    )
    for name, data in planes:
        hdu = fits.ImageHDU(data, cards)
        hdu.header["EXTTYPE"], hdu.header["INHERIT"] = name, True
        if name == "MASK":
            for plane, bit in PLANES.items():
                hdu.header[f"HIERARCH MP_{plane}" if len(plane) > 5 else f"MP_{plane}"] = bit
        hdus.append(hdu)
    fits.HDUList(hdus).writeto(path)
    return path


WHOLE = (0, NX, 0, NY)
