"""SCI with VAR, ERR, DQ, MASK or BPM that is neither Hubble's nor Webb's: Gemini and others.

Source: FORMATS 4.19 step 6, README of the zoo; DRAGONS, DQ_definitions (bits).
"""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import accompanying
from bgviewer.io.conventions.base import MaskPart, Planes
from bgviewer.io.conventions.beside import owner_of, planes_beside
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import chosen, exposure_of, images, named, own
from bgviewer.io.conventions.suffix import not_an_exposure
from bgviewer.io.layout import FitsFile, card_text

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


def is_gemini(file: FitsFile) -> bool:
    """Whether the primary names one of the Gemini telescopes."""
    words = (card_text(file.hdus[0].header, key) for key in ("TELESCOP", "OBSERVAT", "INSTRUME"))
    return any(word.startswith(("GEMINI", "GMOS")) for word in words)


class Science:
    """Planes by EXTNAME, what is not named in the file is said to be guessed."""

    name = "sci"

    def recognises(self, file: FitsFile) -> bool:
        """There is a SCI."""
        return bool(named(file, "SCI"))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """VAR is variance, ERR sigma, IVAR inverse variance; DQ by Gemini's bits or not at all."""
        if choice.hdu is None and len(images(file)) == 1 and owner_of(file) is not None:
            raise not_an_exposure(file, self.name)
        image = chosen(file, named(file, "SCI"), choice)
        found = accompanying(file, image)
        quality = found.quality
        if quality is not None and quality.name == "DQ" and is_gemini(file):
            found.masks[0], found.bad = MaskPart(own(quality), "bits", GEMINI_DQ), _GEMINI_BAD
            found.warnings = [w for w in found.warnings if not w.startswith(f"{quality.label}:")]
        if not found.used and len(images(file)) == 1:
            inside = found.warnings
            found = planes_beside(file, image, choice)
            found.warnings = [*inside, *found.warnings]
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
        )
