"""SCI with VAR, ERR, DQ, MASK or BPM that is neither Hubble's nor Webb's: Gemini and others.

Source: FORMATS 4.19 step 6, README of the zoo; DRAGONS manual, table of DQ bits.
"""

from __future__ import annotations

from bgviewer.io.conventions.base import MaskPart, Noise, Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import chosen, companion, exposure_of, named, own
from bgviewer.io.conventions.plane_names import named_mask
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["Science"]

GEMINI_DQ = {
    "BAD_PIXEL": 0,
    "NON_LINEAR": 1,
    "SATURATED": 2,
    "COSMIC_RAY": 3,
    "NO_DATA": 4,
    "OVERLAP": 5,
    "UNILLUMINATED": 6,
}
_GEMINI_BAD = tuple(name for name in GEMINI_DQ if name != "OVERLAP")
_NOISES = (
    ("VAR", "variance"),
    ("VARIANCE", "variance"),
    ("ERR", "sigma"),
    ("ERROR", "sigma"),
    ("RMS", "sigma"),
    ("SIGMA", "sigma"),
    ("IVAR", "inverse variance"),
    ("INVVAR", "inverse variance"),
)
_MASKS = ("DQ", "MASK", "BPM", "FLAG", "FLAGS")


def is_gemini(file: FitsFile) -> bool:
    """Whether the primary names one of the Gemini telescopes."""
    words = (card_text(file.hdus[0].header, key) for key in ("TELESCOP", "OBSERVAT", "INSTRUME"))
    return any(word.startswith(("GEMINI", "GMOS")) for word in words)


def _noise(file: FitsFile, image: Hdu) -> Noise | None:
    for name, kind in _NOISES:
        hdu = companion(file, image, name)
        if hdu is not None:
            return Noise(kind, (own(hdu),))
    return None


class Science:
    """Planes by EXTNAME, what is not named in the file is said to be guessed."""

    name = "sci"

    def recognises(self, file: FitsFile) -> bool:
        """There is a SCI."""
        return bool(named(file, "SCI"))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """VAR is variance, ERR sigma, IVAR inverse variance; DQ by Gemini's bits or not at all."""
        image = chosen(file, named(file, "SCI"), choice)
        warnings: list[str] = []
        masks: list[MaskPart] = []
        bad = None
        quality = next((h for name in _MASKS if (h := companion(file, image, name))), None)
        if quality is not None and quality.name == "DQ" and is_gemini(file):
            masks, bad = [MaskPart(own(quality), "bits", GEMINI_DQ)], _GEMINI_BAD
        elif quality is not None:
            masks = [named_mask(file, quality, own(quality))]
            if masks[0].meaning == "nonzero":
                warnings.append(f"{quality.label}: the bits have no names; anything but 0 is bad")
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            bad=bad,
            noise=_noise(file, image),
            warnings=warnings,
        )
