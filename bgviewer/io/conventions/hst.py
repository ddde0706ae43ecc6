"""Hubble: flt, flc and raw (SCI, ERR, DQ per chip) and drizzled (SCI, WHT, CTX) files.

Source: FORMATS 4.8, 4.9; ACS Data Handbook, table of DQ flags.
"""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import accompanying
from bgviewer.io.conventions.base import MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    chosen,
    companion,
    exposure_of,
    named,
    own,
)
from bgviewer.io.layout import FitsFile, card_text

__all__ = ["HstDrz", "HstFlt"]

DQ = {
    "RS_ERROR": 0,
    "FILL": 1,
    "BAD_DETECTOR": 2,
    "APERTURE": 3,
    "HOT": 4,
    "UNSTABLE": 5,
    "WARM": 6,
    "BIAS": 7,
    "FULL_WELL": 8,
    "BAD_REFERENCE": 9,
    "TRAP": 10,
    "AD_SATURATED": 11,
    "CR_DRIZZLE": 12,
    "CR_CALIBRATION": 13,
}
_HARMLESS = ("WARM", "BAD_REFERENCE")
BAD = tuple(name for name in DQ if name not in _HARMLESS)
_ASIDE = frozenset({"SAMP", "TIME", "CTX", "WCSDVARR", "D2IMARR"})
_INSTRUMENTS = ("ACS", "WFC3", "WFPC2", "STIS", "NICMOS", "COS", "FOC", "WFPC")


def is_hubble(file: FitsFile) -> bool:
    """Whether the primary names the telescope or, without it, one of its instruments."""
    primary = file.hdus[0].header
    telescope = card_text(primary, "TELESCOP")
    instrument = card_text(primary, "INSTRUME")
    return telescope == "HST" or (not telescope and instrument in (*_INSTRUMENTS, ""))


class HstFlt:
    """SCI with a DQ of Hubble's bits; every EXTVER is a chip and an image of its own."""

    name = "hst flt"

    def recognises(self, file: FitsFile) -> bool:
        """SCI and DQ, and nothing says that it is another telescope's."""
        if not named(file, "SCI") or not named(file, "DQ") or named(file, "VAR"):
            return False
        return is_hubble(file)

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """ERR is sigma, DQ bits; both may be constants without pixels."""
        image = chosen(file, named(file, "SCI"), choice, "chips (SCI)")
        quality, error = companion(file, image, "DQ"), companion(file, image, "ERR")
        constant = image.constant is not None
        readonly = (f"{image.label} holds a constant; an export holds pixels",) if constant else ()
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=[MaskPart(own(quality), "bits", DQ)] if quality else [],
            bad=BAD,
            noise=Noise("sigma", (own(error),)) if error else None,
            readonly=readonly,
            aside=_ASIDE,
        )


class HstDrz:
    """SCI with WHT, which may be an exposure time or an inverse variance: used as a mask only."""

    name = "hst drz"

    def recognises(self, file: FitsFile) -> bool:
        """SCI with CTX, or with WHT where nothing says that it is another telescope's."""
        if not named(file, "SCI"):
            return False
        return bool(named(file, "CTX")) or (bool(named(file, "WHT")) and is_hubble(file))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """No weight, no data; CTX says which inputs went in and is no mask."""
        image = chosen(file, named(file, "SCI"), choice)
        found = accompanying(file, image)
        weight = companion(file, image, "WHT")
        found.warnings = [text for text in found.warnings if "weight's scale" not in text]
        if weight is not None:
            found.warnings.append(
                f"{weight.label}: whether exposure time or inverse variance is not told; used as a "
                "mask only"
            )
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=found.masks,
            bad=found.bad,
            aliases=found.aliases,
            noise=found.noise,
            variance_kind=found.kind,
            warnings=found.warnings,
            aside=_ASIDE,
        )
