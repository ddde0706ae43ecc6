"""LSST's BackgroundList: a background model, not an exposure.  Source: FORMATS 2, 4.19 step 2."""

from __future__ import annotations

from bgviewer.errors import SidecarError
from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.layout import FitsFile

__all__ = ["BackgroundList"]


class BackgroundList:
    """BKGD_X0 and INTERPSTYLE in the primary."""

    name = "background list"

    def recognises(self, file: FitsFile) -> bool:
        """Both cards are there."""
        primary = file.hdus[0].header
        return "BKGD_X0" in primary and "INTERPSTYLE" in primary

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Refuse: there is no image in it."""
        raise SidecarError(
            file.path,
            "is a background model (LSST BackgroundList), not an exposure",
            convention=self.name,
        )
