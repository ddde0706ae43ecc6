"""Three images without names: image, mask, variance, as KBMOD writes them.

Source: issue 5; KBMOD, LayeredImage (science, mask, variance in HDUs 1 to 3, all float32).
"""

from __future__ import annotations

import math

import numpy as np

from bgviewer.io.conventions.base import MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import exposure_of, images, own
from bgviewer.io.conventions.plane_names import stated_bits
from bgviewer.io.layout import FitsFile, Hdu
from bgviewer.io.pixels import read_float_plane

__all__ = ["UnnamedTriple"]


class UnnamedTriple:
    """Three unnamed images of one shape, the second of whole numbers, the third not negative."""

    name = "unnamed triple"

    def recognises(self, file: FitsFile) -> bool:
        """Types decide; where all are floats the numbers have to."""
        found = _three(file)
        if len(found) != 3 or any(hdu.role or hdu.is_table for hdu in found):
            return False
        first, second, third = found
        if len(first.shape) != 2 or not first.shape == second.shape == third.shape:
            return False
        if first.bitpix > 0 or third.bitpix > 0:
            return False
        if second.bitpix > 0:
            return not _any_negative(file, third)
        return (
            _is_whole(file, second)
            and not _is_whole(file, first)
            and not _any_negative(file, third)
        )

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Bits without names: anything but 0 is bad."""
        image, mask, variance = _three(file)
        bits = stated_bits(file, mask)
        part = MaskPart(own(mask), "bits" if bits else "nonzero", bits or {"BAD": 0})
        warnings = ["three images without names: taken for image, mask and variance"]
        if not bits:
            warnings.append(f"{mask.label}: the bits have no names; anything but 0 is bad")
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=[part],
            noise=Noise("variance", (own(variance),)),
            warnings=warnings,
        )


def _three(file: FitsFile) -> list[Hdu]:
    """Return the images; a smaller fourth one is the PSF that goes with them."""
    found = images(file)
    if len(found) == 4 and math.prod(found[3].shape) < math.prod(found[0].shape):
        return found[:3]
    return found


def _is_whole(file: FitsFile, hdu: Hdu) -> bool:
    values, _ = read_float_plane(file, hdu)
    with np.errstate(invalid="ignore"):
        return bool((np.floor(values) == values).all() and (values >= 0).all())


def _any_negative(file: FitsFile, hdu: Hdu) -> bool:
    values, _ = read_float_plane(file, hdu)
    # KBMOD marks pixels without data by -9999.
    return bool((values[values != -9999.0] < 0).any())
