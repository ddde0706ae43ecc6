"""On-disk conventions, tried in order; the first that recognises a file reads it.

A new convention is one module with an object that satisfies `Convention`, and one entry here.  The
order is that of FORMATS 4.19.
"""

from __future__ import annotations

from bgviewer.errors import ChooseError
from bgviewer.io.conventions.afw import Afw
from bgviewer.io.conventions.background_list import BackgroundList
from bgviewer.io.conventions.base import Convention, Planes
from bgviewer.io.conventions.ccddata import CcdData
from bgviewer.io.conventions.choice import NO_CHOICE, Choice
from bgviewer.io.conventions.des import Des
from bgviewer.io.conventions.hst import HstDrz, HstFlt
from bgviewer.io.conventions.jwst import JwstCal, JwstI2d
from bgviewer.io.conventions.legacy_survey import LegacySurvey
from bgviewer.io.conventions.lsst_images import LsstImages
from bgviewer.io.conventions.noirlab import Noirlab
from bgviewer.io.conventions.overrides import other_image, overridden
from bgviewer.io.conventions.own_model import OwnModel
from bgviewer.io.conventions.panstarrs import PanStarrs
from bgviewer.io.conventions.plain import Plain
from bgviewer.io.conventions.science import Science
from bgviewer.io.conventions.sdss import SdssFpc, SdssFpm, SdssFrame
from bgviewer.io.conventions.suffix import Suffix
from bgviewer.io.conventions.swarp import Swarp
from bgviewer.io.conventions.triple import UnnamedTriple
from bgviewer.io.conventions.unused import with_unused
from bgviewer.io.conventions.ztf import Ztf
from bgviewer.io.layout import FitsFile

__all__ = [
    "CONVENTIONS",
    "NO_CHOICE",
    "Choice",
    "Convention",
    "Planes",
    "convention_of",
    "recognise",
]

CONVENTIONS: tuple[Convention, ...] = (
    LsstImages(),
    BackgroundList(),
    OwnModel(),
    SdssFpm(),
    Afw(),
    JwstI2d(),
    JwstCal(),
    HstDrz(),
    HstFlt(),
    Des(),
    Science(),
    CcdData(),
    PanStarrs(),
    SdssFrame(),
    SdssFpc(),
    Noirlab(),
    Ztf(),
    LegacySurvey(),
    Swarp(),
    Suffix(),
    UnnamedTriple(),
    Plain(),
)


def recognise(file: FitsFile, choice: Choice = NO_CHOICE) -> Planes:
    """Return where the planes of `file` lie and what its headers say.

    Parameters
    ----------
    choice : Choice
        What the user said about the file.

    Raises
    ------
    ReadError
        When the file holds no image, an image without pixels, or planes that contradict it.
    ChooseError
        When it holds several images or a cube and `choice` names none of them.
    SidecarError
        When it belongs to an exposure and is none.
    """
    for convention in CONVENTIONS:
        asked = choice.hdu is not None and isinstance(convention, (OwnModel, Suffix))
        if not asked and convention.recognises(file):
            planes = overridden(file, _planes(convention, file, choice), choice)
            return with_unused(file, planes, choice)
    found = [hdu for hdu in file.hdus if len(hdu.axes) >= 2]
    if found:
        reason = f"image plane has size 0 ({found[0].describe()})"
        raise file.error(reason, "E_EMPTY_IMAGE")
    count = len(file.hdus)
    tables = any(hdu.is_table for hdu in file.hdus)
    what = "tables/catalogues or empty HDUs" if tables else "HDUs without pixels"
    raise file.error(f"contains only {what} ({count} HDUs); no image", "E_NO_IMAGE")


def convention_of(file: FitsFile) -> str:
    """Return the name of the convention that recognises `file`; empty where none does."""
    return next((c.name for c in CONVENTIONS if c.recognises(file)), "")


def _planes(convention: Convention, file: FitsFile, choice: Choice) -> Planes:
    """Ask the convention; where the user wants an image that it does not know of, take that."""
    try:
        planes = convention.planes(file, choice)
    except ChooseError:
        if choice.hdu is None:
            raise
        return other_image(file, choice)
    return planes if choice.hdu in (None, planes.image) else other_image(file, choice)
