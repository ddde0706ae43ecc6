"""SDSS: frames (calibrated, sky gone), fpC (with sky) and their fpM masks.

Source: FORMATS 4.5, README of the zoo; SDSS data model of frame, fpC, fpM.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from bgviewer.io.conventions.base import MaskPart, Place, Planes, has_pixels
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import belongs, exposure_of
from bgviewer.io.layout import FitsFile, Hdu, card_text, card_value
from bgviewer.io.names import file_stem
from bgviewer.io.photometry import NANOMAGGY, number
from bgviewer.io.sidecars import sibling

__all__ = ["SdssFpc", "SdssFpm", "SdssFrame"]

_FRAME = re.compile(r"(?<![A-Za-z0-9])frame-[ugriz]-\d{6}-\d-\d{4}")
_FPC = re.compile(r"(?<![A-Za-z0-9])fpC-\d+-[ugriz]\d-\d+")
_FPC_WORD = re.compile(r"^fpC|(?<![A-Za-z0-9])fpC(?=-\d)")
_NAMES = "INTRP SAT NOTCHECKED OBJECT BRIGHTOBJECT BINOBJECT CATOBJECT SUBTRACTED GHOST CR"
_SPANS = tuple(_NAMES.split(" "))
_BAD = ("INTRP", "SAT", "NOTCHECKED", "GHOST", "CR")


def _image(file: FitsFile) -> Hdu | None:
    """Return the image in the primary, or packed in the HDU after it."""
    for hdu in file.hdus[:2]:
        if has_pixels(hdu) and len(hdu.shape) == 2 and (hdu.index == 0 or hdu.is_compressed):
            return hdu
    return None


class SdssFrame:
    """Nanomaggies without sky; the calibration vector and the sky table stay as they are."""

    name = "sdss frame"

    def recognises(self, file: FitsFile) -> bool:
        """By name, or image, vector and two tables in nanomaggies."""
        image = _image(file)
        if image is None or _FRAME.search(file.path.name):
            return image is not None
        vector = len(file.hdus) == 4 and len(file.hdus[1].axes) == 1
        if not vector and "CAMCOL" not in image.header:
            return False
        return "NMGY" in image.header or card_text(image.header, "BUNIT").startswith("NANOMAGG")

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """There is neither mask nor variance in the file."""
        return exposure_of(
            file,
            _image(file) or file.hdus[0],
            self.name,
            choice,
            unit="nanomaggy",
            zero_point=(NANOMAGGY, "BUNIT"),
            warnings=["SDSS frames have their sky subtracted already"],
        )


class SdssFpc:
    """Counts with sky and SOFTBIAS; the mask is a file of spans of the same name with fpM."""

    name = "sdss fpC"

    def recognises(self, file: FitsFile) -> bool:
        """By name, or by SOFTBIAS and the run."""
        image = _image(file)
        if image is None:
            return False
        cards = "SOFTBIAS" in image.header and "CAMCOL" in image.header
        return cards or _FPC.search(file.path.name) is not None

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """FLUX20 is the flux of magnitude 20 in counts."""
        image = _image(file) or file.hdus[0]
        header = image.header
        flux = number(header, "FLUX20")
        zero_point = (20 + 2.5 * math.log10(flux), "FLUX20") if flux and flux > 0 else None
        bias = number(header, "SOFTBIAS")
        warnings = [f"SOFTBIAS {bias:g} is in every pixel and left there"] if bias else []
        masks = []
        stem = file_stem(file.path)
        named = _FPC_WORD.search(stem)
        if named and not choice.settles_mask:
            path = sibling(file.path, [f"{stem[: named.start()]}fpM{stem[named.end() :]}"])
            masks = [_spans(file, path, image.shape)] if path else []
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            bad=_BAD,
            zero_point=zero_point,
            warnings=warnings,
        )


def _spans(file: FitsFile, path: Path, shape: tuple[int, ...]) -> MaskPart:
    other = file.companion(path)
    header = other.hdus[0].header
    size = (card_value(header, "MASKROWS"), card_value(header, "MASKCOLS"))
    if size != shape:
        raise file.error(
            f"its side-car {path.name} is {size[1]}x{size[0]} but its image is "
            f"{shape[1]}x{shape[0]}; move it away if it belongs to another image",
            "E_SIBLING_SHAPE",
        )
    tables = {name: n for n, name in enumerate(_SPANS, start=1) if n < len(other.hdus)}
    return MaskPart(Place(0, path), "spans", tables)


class SdssFpm:
    """Spans in tables: the mask of an fpC file, nothing to look at by itself."""

    name = "sdss fpM"

    def recognises(self, file: FitsFile) -> bool:
        """Size and number of the masks in the primary, no pixels."""
        header = file.hdus[0].header
        return "MASKROWS" in header and "NPLANE" in header and not has_pixels(file.hdus[0])

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Refuse: there is no image in it."""
        raise belongs(file, "the mask (SDSS fpM, spans in tables)", self.name)
