"""One image, a cube, or several images that no convention tells apart.

Masks and uncertainties in files beside it count when their names differ from its own in one of the
usual words.  Source: FORMATS 4.14 - 4.17, 4.19 steps 15 - 18.
"""

from __future__ import annotations

from bgviewer.io.conventions.accompanying import accompanying
from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.beside import planes_beside
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import (
    chosen,
    exposure_of,
    images,
    science_images,
)
from bgviewer.io.layout import FitsFile, Hdu, card_text

__all__ = ["Plain"]


class Plain:
    """Whatever image there is, in whichever HDU it lies."""

    name = "plain"

    def recognises(self, file: FitsFile) -> bool:
        """There is an image with pixels."""
        return bool(images(file))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Image header before primary; side-cars by stem and word."""
        found = science_images(file) or images(file)
        image = chosen(file, found, choice)
        beside = accompanying(file, image, fitting=True)
        if not beside.used:
            inside = beside.warnings
            beside = planes_beside(file, image, choice)
            beside.warnings = [*inside, *beside.warnings]
        cube = any(length > 1 for length in image.shape[:-2])
        return exposure_of(
            file,
            image,
            "cube" if cube else "mef" if len(found) > 1 else self.name,
            choice,
            masks=beside.masks,
            bad=beside.bad,
            aliases=beside.aliases,
            noise=beside.noise,
            variance_kind=beside.kind,
            warnings=[*_warnings(image), *beside.warnings],
        )


def _warnings(image: Hdu) -> list[str]:
    pattern = card_text(image.header, "BAYERPAT")
    if not pattern:
        return []
    return [f"colours are mosaicked (BAYERPAT {pattern}); neighbours differ in colour"]
