"""JWST: cal, crf (detector) and i2d (resampled) files.  Source: FORMATS 4.10, 4.11.

Bits: JWST pipeline, "Data Quality Flags" (jwst.datamodels.dqflags.pixel).
"""

from __future__ import annotations

from bgviewer.io.conventions.base import MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    chosen,
    companion,
    exposure_of,
    named,
    own,
    weight_mask,
)
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["JwstCal", "JwstI2d"]

_FLAGS = (
    "DO_NOT_USE SATURATED JUMP_DET DROPOUT OUTLIER PERSISTENCE AD_FLOOR CHARGELOSS "
    "UNRELIABLE_ERROR NON_SCIENCE DEAD HOT WARM LOW_QE RC TELEGRAPH NONLINEAR BAD_REF_PIXEL "
    "NO_FLAT_FIELD NO_GAIN_VALUE NO_LIN_CORR NO_SAT_CHECK UNRELIABLE_BIAS UNRELIABLE_DARK "
    "UNRELIABLE_SLOPE UNRELIABLE_FLAT OPEN ADJ_OPEN FLUX_ESTIMATED MSA_FAILED_OPEN "
    "OTHER_BAD_PIXEL REFERENCE_PIXEL"
)
DQ = {name: bit for bit, name in enumerate(_FLAGS.split())}
# All 32 bits are taken: the two that count as bad by default get the names that settings know.
_ALIASES = {"BAD": "DO_NOT_USE", "NO_DATA": "NON_SCIENCE"}
_ASIDE = frozenset(
    {"VAR_POISSON", "VAR_RNOISE", "VAR_FLAT", "CON", "WHT", "AREA", "WAVELENGTH", "ZEROFRAME"}
    | {"PATHLOSS_PS", "PATHLOSS_UN", "FLATFIELD_PS", "FLATFIELD_UN", "BARSHADOW"}
)
_PARTS = ("VAR_POISSON", "VAR_RNOISE", "VAR_FLAT")


def _is_webb(file: FitsFile) -> bool:
    if not named(file, "SCI"):
        return False
    webb = card_text(file.hdus[0].header, "TELESCOP") == "JWST"
    return webb or any(hdu.name == "VAR_POISSON" for hdu in file.hdus)


def _noise(file: FitsFile, image: Hdu) -> Noise | None:
    error = companion(file, image, "ERR")
    if error is not None:
        return Noise("sigma", (own(error),))
    parts = [hdu for name in _PARTS if (hdu := companion(file, image, name)) is not None]
    return Noise("variance", tuple(own(hdu) for hdu in parts)) if parts else None


class JwstI2d:
    """SCI with CON or WHT; nothing where the weight is 0."""

    name = "jwst i2d"

    def recognises(self, file: FitsFile) -> bool:
        """Of JWST, with CON or WHT."""
        return _is_webb(file) and any(hdu.name in ("CON", "WHT") for hdu in file.hdus)

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """ERR is sigma; WHT is only asked whether it is positive."""
        image = chosen(file, named(file, "SCI"), choice)
        weight = companion(file, image, "WHT")
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=[weight_mask(own(weight))] if weight else [],
            noise=_noise(file, image),
            aside=_ASIDE,
        )


class JwstCal:
    """SCI, ERR and DQ by name, in any order."""

    name = "jwst cal"

    def recognises(self, file: FitsFile) -> bool:
        """Of JWST."""
        return _is_webb(file)

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """ERR is sigma, without it the VAR_ planes are summed; DQ has 32 bits."""
        image = chosen(file, named(file, "SCI"), choice)
        quality = companion(file, image, "DQ")
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=[MaskPart(own(quality), "bits", DQ)] if quality else [],
            aliases=_ALIASES,
            noise=_noise(file, image),
            aside=_ASIDE,
        )
