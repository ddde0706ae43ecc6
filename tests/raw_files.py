"""Files that leave something to be said: several CCDs, an uncertainty under an unknown name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

SHAPE = (96, 80)
LEVELS = {1: 100.0, 2: 500.0}
"""Level of the sky in each of the two CCDs."""
SIGMA = 3.0


def sky(level: float, number: int) -> np.ndarray:
    """Noise about a slope that differs from file to file."""
    _, columns = np.indices(SHAPE)
    noise = np.random.default_rng(int(level) + number).normal(0, SIGMA, SHAPE)
    return (level + number * columns / SHAPE[1] + noise).astype("f4")


def write_chips(folder: Path, count: int = 3, instrument: str = "TESTCAM") -> list[Path]:
    """Write files of two CCDs each; HDU 1 and HDU 2."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        primary = fits.PrimaryHDU()
        primary.header["INSTRUME"], primary.header["TELESCOP"] = instrument, "Test 1 m"
        chips = [fits.ImageHDU(sky(level, number), name=f"CCD{n}") for n, level in LEVELS.items()]
        path = folder / f"raw_{number}.fits"
        fits.HDUList([primary, *chips]).writeto(path, overwrite=True)
        paths.append(path)
    return paths


def write_pairs(folder: Path, count: int = 3, instrument: str = "PAIRCAM") -> list[Path]:
    """Write images, each with its sigma beside it under a name that no convention knows."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        image = fits.PrimaryHDU(sky(200.0, number))
        image.header["INSTRUME"] = instrument
        path = folder / f"img_{number}.fits"
        image.writeto(path, overwrite=True)
        beside = fits.PrimaryHDU(np.full(SHAPE, SIGMA, "f4"))
        beside.writeto(folder / f"u-img_{number}-spread.fits", overwrite=True)
        paths.append(path)
    return paths
