"""Pan-STARRS stacks and warps: image, ``.mask`` and ``.wt`` in files of their own.

Source: FORMATS 4.1, 4.2; STScI, "PS1 Pixel flags in Image Table Data"; IPP wiki, asinh_compression.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bgviewer.io.conventions.base import MaskPart, Noise, Place, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    belongs,
    chosen,
    exposure_of,
    science_images,
    sidecar,
)
from bgviewer.io.conventions.plane_names import stated_bits
from bgviewer.io.layout import FitsFile, Hdu
from bgviewer.io.names import file_stem
from bgviewer.io.photometry import number, per_exposure

__all__ = ["PanStarrs"]

_FLAGS = (
    "DETECTOR FLAT DARK BLANK CTE SAT LOW SUSPECT CR SPIKE GHOST STREAK STARCORE CONV_BAD CONV_POOR"
)
# 0x0001 is DETECTOR, 0x4000 CONV.POOR
FLAGS = {name: bit for bit, name in enumerate(_FLAGS.split())}
# FORMATS: 0x3FFF without SUSPECT.
BAD = tuple(name for name, bit in FLAGS.items() if bit < 14 and name != "SUSPECT")
_NAME = re.compile(r"skycell|[._](?:wrp|stk)[._]", re.IGNORECASE)
_SIDECAR = re.compile(r"\.(mask|wt|num|exp|expwt|target|psf|mdc|cmf)$", re.IGNORECASE)
_CONVOLVED = re.compile(r"\.unconv(?=[._]|$)", re.IGNORECASE)
_STACK = re.compile(r"[._]stk[._]", re.IGNORECASE)
_STACK_RATE = 25.0


def _asinh(hdu: Hdu) -> tuple[float, float] | None:
    offset, softening = number(hdu.header, "BOFFSET"), number(hdu.header, "BSOFTEN")
    return None if offset is None or softening is None else (offset, softening)


def _has_fpa(file: FitsFile) -> bool:
    return any(b"HIERARCH FPA." in hdu.raw for hdu in file.hdus[:2])


class PanStarrs:
    """BSOFTEN and BOFFSET, FPA. cards, or a skycell's name."""

    name = "ps1"

    def recognises(self, file: FitsFile) -> bool:
        """Headers first, the name as a last resort."""
        found = science_images(file)
        if len(found) != 1:
            return False
        named = _NAME.search(file.path.name)
        return _asinh(found[0]) is not None or _has_fpa(file) or named is not None

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """``wt`` is a variance here; stacks are made linear and cannot be written back so."""
        stem = file_stem(file.path)
        ending = _SIDECAR.search(stem)
        if ending is not None and choice.hdu is None:
            raise belongs(file, f"a side-car ({ending[1]})", self.name)
        image = chosen(file, science_images(file), choice)
        asinh = _asinh(image)
        bases = dict.fromkeys((stem, _CONVOLVED.sub("", stem)))
        mask = sidecar(file, image, [f"{base}.mask" for base in bases], choice.settles_mask)
        weight = sidecar(file, image, [f"{base}.wt" for base in bases], choice.settles_noise)
        readonly = ("its pixels are compressed by asinh; an export is linear",) if asinh else ()
        warnings = ["asinh-compressed pixels were made linear"] if asinh else []
        name = (
            f"{self.name} stack" if asinh or _STACK.search(file.path.name) else f"{self.name} warp"
        )
        return exposure_of(
            file,
            image,
            name,
            choice,
            masks=[_mask(file, mask)] if mask else [],
            bad=BAD,
            noise=_noise(file, weight),
            asinh=asinh,
            readonly=readonly,
            zero_point=_zero_point(file, image, stack=name.endswith("stack")),
            warnings=warnings,
        )


def _mask(file: FitsFile, place: Place) -> MaskPart:
    assert place.path is not None
    other = file.companion(place.path)
    return MaskPart(place, "bits", stated_bits(other, other.hdus[place.hdu]) or FLAGS)


def _noise(file: FitsFile, place: Place | None) -> Noise | None:
    if place is None or place.path is None:
        return None
    hdu = file.companion(place.path).hdus[place.hdu]
    return Noise("variance", (replace(place, asinh=_asinh(hdu)),))


def _zero_point(file: FitsFile, image: Hdu, *, stack: bool) -> tuple[float, str] | None:
    headers = (image.header, file.hdus[0].header)
    if stack:
        value = per_exposure(headers, _STACK_RATE)
        return None if value is None else (value, "EXPTIME")
    rates = (number(header, "FPA.ZP") for header in headers)
    value = per_exposure(headers, next((r for r in rates if r is not None), None))
    return None if value is None else (value, "FPA.ZP")
