"""One 2-D image and nothing else: NaN (or BLANK) is no data.  Source: FORMATS 4.15 - 4.17."""

from __future__ import annotations

from bgviewer.io.conventions.base import Planes, has_pixels, merged_header
from bgviewer.io.layout import FitsFile, Hdu
from bgviewer.io.photometry import NANOJANSKY, band_of, keyword_zero_point, unit_of

__all__ = ["Plain"]

# Images that accompany another one and are never the exposure itself.
_COMPANIONS = ("WCSDVARR", "D2IMARR", "WHT", "CTX", "CON", "AREA", "HDRTAB", "INDEX", "JSON")


def _is_companion(hdu: Hdu) -> bool:
    return hdu.name in _COMPANIONS or hdu.name.startswith("PSF")


def _candidates(file: FitsFile) -> list[Hdu]:
    full = [hdu for hdu in file.hdus if has_pixels(hdu) and len(hdu.axes) >= 2]
    main = [hdu for hdu in full if not _is_companion(hdu)]
    return main or full


class Plain:
    """The only image of a file, in whichever HDU it lies."""

    name = "plain"

    def recognises(self, file: FitsFile) -> bool:
        """One image with pixels, two axes once those of length 1 are gone."""
        found = _candidates(file)
        return len(found) == 1 and len(found[0].shape) == 2

    def planes(self, file: FitsFile) -> Planes:
        """Read the image's header, then the primary's."""
        (image,) = _candidates(file)
        ny, nx = image.shape
        header = merged_header(file, image)
        headers = (header, file.hdus[0].header)
        unit = unit_of(headers)
        zero_point = keyword_zero_point(headers)
        if zero_point is None and unit == "nJy":
            zero_point = NANOJANSKY, "BUNIT"
        unused = [h.label for h in file.hdus if has_pixels(h) and h.index != image.index]
        unused = [label for label in unused if "WCSDVARR" not in label and "D2IMARR" not in label]
        return Planes(
            convention=self.name,
            image=image.index,
            shape=(ny, nx),
            header=header,
            cards_hdu=image.index,
            unit=unit,
            zero_point=zero_point[0] if zero_point else None,
            zero_point_source=zero_point[1] if zero_point else "",
            band=band_of(headers),
            warnings=(f"not used: {', '.join(unused)}",) if unused else (),
        )
