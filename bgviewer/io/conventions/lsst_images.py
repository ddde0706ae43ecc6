"""LSST's new `lsst.images` files (DP2).  Source: FORMATS 1.8."""

from __future__ import annotations

from bgviewer.io.conventions.base import MaskPart, Noise, Planes, merged_header
from bgviewer.io.conventions.choice import Choice
from bgviewer.io.conventions.common import exposure_of, named, own
from bgviewer.io.conventions.parent_grid import parent_position
from bgviewer.io.conventions.plane_names import aliases_of, mask_bits
from bgviewer.io.layout import FitsFile
from bgviewer.io.photometry import number

__all__ = ["LsstImages"]

_NEWEST_FORMAT = 1


class LsstImages:
    """DATAMODL and FMTVER in the primary; planes by EXTNAME, several MASK HDUs possible."""

    name = "lsst.images"

    def recognises(self, file: FitsFile) -> bool:
        """The primary names a data model and its version."""
        primary = file.hdus[0].header
        return "DATAMODL" in primary and "FMTVER" in primary and bool(named(file, "IMAGE"))

    def planes(self, file: FitsFile, choice: Choice) -> Planes:
        """Masks are joined by name, each with its own cards."""
        warnings = []
        version = number(file.hdus[0].header, "FMTVER")
        if version is None or version > _NEWEST_FORMAT:
            shown = "?" if version is None else f"{version:g}"
            warnings.append(
                f"written by a newer LSST stack (v{shown}); pixels loaded, metadata ignored"
            )
        image = named(file, "IMAGE")[0]
        masks = []
        names: dict[str, int] = {}
        for hdu in named(file, "MASK"):
            bits = mask_bits(file, hdu, warnings)
            names |= bits
            masks.append(MaskPart(own(hdu), "bits", bits))
        found = named(file, "VARIANCE")
        xy0 = parent_position(merged_header(file, image), warnings, shift_first=True)
        return exposure_of(
            file,
            image,
            self.name,
            choice,
            masks=masks,
            aliases=aliases_of(names),
            noise=Noise("variance", (own(found[0]),)) if found else None,
            warnings=warnings,
            readonly=("PSF and other components of lsst.images files are lost in an export",),
            cards_hdu=0,
            xy0=xy0,
        )
