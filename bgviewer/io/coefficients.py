"""The coefficients of a polynomial background as a FITS table."""

from __future__ import annotations

from typing import Any

import numpy as np

from bgviewer.engine.chebyshev import ChebyshevModel, terms
from bgviewer.engine.continued import ContinuedModel
from bgviewer.io.cards import ascii_text, format_card, text_cards
from bgviewer.io.splice import Part

__all__ = ["COEFFICIENTS", "coefficient_parts"]

COEFFICIENTS = "CHEBYSHEV"
"""EXTNAME of the table."""

_ROW = np.dtype([("x", ">i4"), ("y", ">i4"), ("coefficient", ">f8")])
_EXPLAINED = (
    "background = sum of COEFFICIENT * T_X_DEGREE(x) * T_Y_DEGREE(y), T_n(x) = cos(n arccos x),",
    "x = (2 i + 1 - DOMAINX) / DOMAINX, i = 0-based column; y likewise with rows and DOMAINY.",
)


def _start_cards(shift: tuple[int, int]) -> list[bytes]:
    """Say where the domain begins, where that is not the image's first pixel."""
    if shift == (0, 0):
        return []
    dx, dy = shift
    return [
        format_card("DOMAINX0", dx, "[pix] column where the domain begins: i counts from it"),
        format_card("DOMAINY0", dy, "[pix] row where the domain begins"),
    ]


def coefficient_parts(model: Any, scale: float, unit: str | None) -> list[Part]:
    """Return the table of a polynomial, in the exposure's own unit; nothing for a spline.

    Parameters
    ----------
    model : SplineModel, ChebyshevModel or a ContinuedModel of one
        In the scaled unit.
    scale : float
        Photometric factor of the scaled unit.
    unit : str or None
        The exposure's own.
    """
    shift = (0, 0)
    if isinstance(model, ContinuedModel):
        model, shift = model.model, model.shift
    if not isinstance(model, ChebyshevModel):
        return []
    rows = np.empty(len(model.coefficients), dtype=_ROW)
    rows["x"], rows["y"] = zip(*terms(model.order), strict=True)
    rows["coefficient"] = model.coefficients / scale
    height, width = model.shape
    cards = [
        format_card("XTENSION", "BINTABLE", "binary table extension"),
        format_card("BITPIX", 8),
        format_card("NAXIS", 2),
        format_card("NAXIS1", _ROW.itemsize),
        format_card("NAXIS2", len(rows)),
        format_card("PCOUNT", 0),
        format_card("GCOUNT", 1),
        format_card("TFIELDS", 3),
        format_card("TTYPE1", "X_DEGREE"),
        format_card("TFORM1", "1J"),
        format_card("TTYPE2", "Y_DEGREE"),
        format_card("TFORM2", "1J"),
        format_card("TTYPE3", "COEFFICIENT"),
        format_card("TFORM3", "1D"),
    ]
    text = ascii_text(unit or "")
    if text and len(text) <= 60:
        cards.append(format_card("TUNIT3", text))
    cards += [
        format_card("EXTNAME", COEFFICIENTS, "coefficients of the background model"),
        format_card("ORDER", model.order, "highest total degree"),
        format_card("DOMAINX", width, "[pix] width of the domain"),
        format_card("DOMAINY", height, "[pix] height of the domain"),
        *_start_cards(shift),
        *(card for line in _EXPLAINED for card in text_cards("COMMENT", line)),
    ]
    return [Part(None, cards, raw=rows.tobytes())]
