"""A background model that bgviewer wrote: not an exposure, even when it is named."""

from __future__ import annotations

from bgviewer.errors import SidecarError
from bgviewer.io.conventions.base import Planes
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.layout import FitsFile, card_text

__all__ = ["OwnModel"]


class OwnModel:
    """BGVKIND says that the image is a model."""

    name = "background model"

    def recognises(self, file: FitsFile) -> bool:
        """The card is in the first HDUs; a compressed model has an empty primary."""
        return any(
            b"BGVKIND" in hdu.raw and card_text(hdu.header, "BGVKIND") == "BACKGROUND"
            for hdu in file.hdus[:2]
        )

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Refuse: matching a model makes no sense."""
        raise SidecarError(
            file.path,
            "is a background model written by bgviewer, not an exposure",
            convention=self.name,
        )
