"""SWarp: resampled exposures and coadds with ``.weight``.  Source: FORMATS 4.12, section 5."""

from __future__ import annotations

import math
import re

from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.beside import owner_of, planes_beside
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    belongs,
    chosen,
    exposure_of,
    science_images,
)
from bgviewer.io.conventions.suffix import not_an_exposure
from bgviewer.io.layout import FitsFile, Hdu, card_text
from bgviewer.io.names import file_stem
from bgviewer.io.photometry import RELATIVE, number, standard_zero_point, unit_of

__all__ = ["Swarp"]

_NAME = re.compile(r"[._]resamp(?![A-Za-z])", re.IGNORECASE)
_WEIGHT = re.compile(r"[._-]weight$", re.IGNORECASE)


class Swarp:
    """SOFTNAME, or ``.resamp.`` in the name."""

    name = "swarp"

    def recognises(self, file: FitsFile) -> bool:
        """One image that SWarp wrote."""
        if len(science_images(file)) != 1:
            return False
        told = any(card_text(hdu.header, "SOFTNAME").startswith("SWARP") for hdu in file.hdus[:2])
        return told or _NAME.search(file.path.name) is not None

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Where the weight is 0 there is no data; its scale is relative unless the user knows."""
        if _WEIGHT.search(file_stem(file.path)) and choice.hdu is None:
            raise belongs(file, "the weight", self.name)
        if choice.hdu is None and owner_of(file) is not None:
            raise not_an_exposure(file, self.name)
        image = chosen(file, science_images(file), choice)
        beside = planes_beside(file, image, choice)
        told = "the weight's scale is not told"
        warnings = [w.replace(told, "SWarp's weights are relative") for w in beside.warnings]
        zero_point = _zero_point(file, image, warnings)
        if zero_point is not None and zero_point[1] == RELATIVE:
            warnings.append("zero point from FLXSCALE: relative to the other exposures")
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=beside.masks,
            bad=beside.bad,
            aliases=beside.aliases,
            noise=beside.noise,
            variance_kind=beside.kind,
            zero_point=zero_point,
            warnings=warnings,
        )


def _zero_point(file: FitsFile, image: Hdu, warnings: list[str]) -> tuple[float, str] | None:
    """Return the zero point that FLXSCALE * FLASCALE makes of the header's, or of 0.

    A factor f makes a pixel p one of p f on the common system: m = -2.5 log10(p f) + c.  A factor
    of 1 is a statement like any other; 0 says that there is none.
    """
    headers = (image.header, file.hdus[0].header)
    common = standard_zero_point(headers, unit_of(headers), warnings)
    factor, stated = 1.0, False
    for name in ("FLXSCALE", "FLASCALE"):
        values = (number(header, name) for header in headers)
        value = next((v for v in values if v is not None), None)
        if value is not None:
            factor *= value
            stated = stated or name == "FLXSCALE" or value != 1.0
    if not stated or not factor > 0:
        return common
    magnitude = -2.5 * math.log10(factor)
    if common is None:
        return magnitude, RELATIVE
    return common[0] + magnitude, f"{common[1]}, FLXSCALE"
