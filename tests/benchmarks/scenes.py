"""Data of the benchmarks, made by code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from bgviewer import MaskedImage

DETECTED = 1 << 5


def exposure(side: int, seed: int) -> MaskedImage:
    """Return a noisy sloping sky with 5 % masked, a varying variance plane and NaN edges."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, side, dtype=np.float32)
    sky = 300 + 20 * seed + 15 * x + (10 * seed) * x[:, None] + 5 * x * x[:, None] ** 2
    image = sky + 10 * rng.standard_normal((side, side), dtype=np.float32)
    mask = np.where(rng.random((side, side), dtype=np.float32) < 0.05, DETECTED, 0)
    variance = 100 + 10 * x[:, None] + 20 * rng.random((side, side), dtype=np.float32)
    edge = max(1, side // 100)
    image[:edge] = np.nan
    image[:, -edge:] = np.nan
    return MaskedImage(image.astype(np.float32), mask.astype(np.int32), variance.astype(np.float32))


def same_mask_pair(side: int) -> tuple[MaskedImage, MaskedImage]:
    """Return a pair whose difference has 5 % masked pixels."""
    first, second = exposure(side, 1), exposure(side, 2)
    return first, MaskedImage(second.image, first.mask, second.variance)


def write_stack(folder: Path, side: int, count: int) -> list[Path]:
    """Write `count` exposures as IMAGE, MASK, VARIANCE files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(count):
        one = exposure(side, index + 1)
        mask = fits.ImageHDU(one.mask, name="MASK")
        for name, bit in (one.planes or {}).items():
            mask.header[f"HIERARCH MP_{name}"] = bit
        hdus = fits.HDUList(
            [
                fits.PrimaryHDU(),
                fits.ImageHDU(one.image, name="IMAGE"),
                mask,
                fits.ImageHDU(one.variance, name="VARIANCE"),
            ]
        )
        for hdu in hdus[1:]:
            hdu.header["EXTTYPE"] = hdu.name
        path = folder / f"visit_{index:03d}.fits"
        hdus.writeto(path, overwrite=True)
        paths.append(path)
    return paths
