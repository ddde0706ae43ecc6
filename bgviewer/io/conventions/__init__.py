"""On-disk conventions, tried in order; the first that recognises a file reads it.

A new convention is one module with an object that satisfies `Convention`, and one entry here.
"""

from __future__ import annotations

from bgviewer.io.conventions.afw import Afw
from bgviewer.io.conventions.base import Convention, Planes
from bgviewer.io.conventions.plain import Plain
from bgviewer.io.layout import FitsFile

__all__ = ["CONVENTIONS", "Convention", "Planes", "recognise"]

CONVENTIONS: tuple[Convention, ...] = (Afw(), Plain())


def recognise(file: FitsFile) -> Planes:
    """Return where the planes of `file` lie and what its headers say.

    Raises
    ------
    ReadError
        When the file holds no image, an image without pixels or with more than two axes, or
        several images that no convention tells apart (the sentence names the HDUs).
    """
    for convention in CONVENTIONS:
        if convention.recognises(file):
            return convention.planes(file)
    images = [hdu for hdu in file.hdus if len(hdu.axes) >= 2]
    if not images:
        count = len(file.hdus)
        tables = any(hdu.is_table for hdu in file.hdus)
        what = "tables or empty HDUs" if tables else "HDUs without pixels"
        raise file.error(f"contains only {what} ({count} in all); no image", "E_NO_IMAGE")
    full = [hdu for hdu in images if 0 not in hdu.axes]
    if not full:
        raise file.error(f"image plane has size 0 ({images[0].describe()})", "E_EMPTY_IMAGE")
    if len(full) == 1 or all(len(hdu.shape) > 2 for hdu in full):
        cube = full[0]
        raise file.error(
            f"{cube.describe()} has {len(cube.shape)} axes; bgviewer reads 2-D images only, "
            "choose a plane and save it as its own file",
            "E_DIMS",
        )
    found = ", ".join(hdu.describe() for hdu in full[:8]) + (", ..." if len(full) > 8 else "")
    raise file.error(
        f"holds {len(full)} images and no known convention says which is which ({found})",
        "E_CHOOSE",
    )
