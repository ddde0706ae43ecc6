"""Background models as LSST's BackgroundList: statistics of cells and how to interpolate them.

The file is what ``lsst.afw.math.BackgroundList.readFits`` reads: three HDUs, the first image in
the primary, not compressed.  Source: FORMATS section 2.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.chebyshev import ChebyshevModel, term_count
from bgviewer.engine.continued import ContinuedModel
from bgviewer.engine.exposure import CANONICAL_PLANES, Exposure
from bgviewer.engine.penalised_spline import KNOT_SPACING, PSplineModel
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.spline import SplineModel
from bgviewer.errors import ShapeMismatchError, WriteError
from bgviewer.io.background_rules import (
    INTERP_STYLES,
    UNDERSAMPLE_STYLES,
    ListEntry,
    cell_centres,
    largest_difference,
)
from bgviewer.io.cards import format_card, hierarch_card
from bgviewer.io.choices import SIGNS
from bgviewer.io.fresh import mask_plane_cards, place_cards, unit_card
from bgviewer.io.layout import FitsFile, Hdu, card_value
from bgviewer.io.pixels import read_float_plane
from bgviewer.io.provenance import Card, raw_cards, with_values
from bgviewer.io.splice import Part
from bgviewer.io.transaction import OutputGroup
from bgviewer.io.write import check_target, source_path, with_source_hash, write_fresh

__all__ = [
    "WrittenList",
    "list_entry",
    "read_background_list",
    "write_background_list",
]

DIFFERENCE_CARD = "BGVBLDIF"

_POLYNOMIAL = 0
_INTERPOLATE = -1
_TOLERANCE = 2e-7  # of the largest value; rounding to float32 is three quarters of it
_CELLS_PER_ORDER = 4
_FEWEST_CELLS = 5  # what any style needs, where a reader interpolates instead of fitting
_SMOOTH_ENOUGH = 1e-4  # of the range of a P-spline, at which its cells are fine enough
_MOST_WORK = 3e11  # multiplications that LSST needs for the fit: minutes

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class WrittenList:
    """A list that was written.

    Attributes
    ----------
    path : Path
    difference : float
        Largest difference between the model and the image that the list gives, in the
        exposure's own unit.
    """

    path: Path
    difference: float


def list_entry(
    model: Any,
    background: Float32,
    *,
    scale: float = 1.0,
    sign: str = "add",
    xy0: tuple[int, int] = (0, 0),
) -> tuple[ListEntry, float]:
    """Return a model as the entry of a list, and how far that is from it at most.

    Parameters
    ----------
    model : SplineModel, ChebyshevModel, PSplineModel or ContinuedModel
        In the scaled unit.
    background : float32 array, shape (ny, nx)
        The model at every pixel, in the exposure's own unit.
    scale : float
        Photometric factor of the scaled unit.
    sign : {"add", "subtract"}
        "subtract" turns the list's values round.
    xy0 : (int, int)
        Parent position of the image.
    """
    factor = (-1.0 if sign == "subtract" else 1.0) / scale
    wanted = -background if sign == "subtract" else background
    if isinstance(model, SplineModel):
        entry = _spline_entry(model, factor)
        return replace(entry, xy0=xy0), largest_difference(entry, wanted)
    if isinstance(model, PSplineModel):
        return _smooth_entry(model, factor, wanted, xy0)
    if isinstance(model, ContinuedModel):
        return _continued_entry(model, factor, wanted, xy0)
    if not isinstance(model, ChebyshevModel):
        raise TypeError(f"no rule how a {type(model).__name__} becomes a BackgroundList")
    return _polynomial_entry(model, factor, wanted, xy0)


def _own(values: NDArray[Any], factor: float) -> Float32:
    with np.errstate(over="ignore", invalid="ignore"):
        return (values.astype(np.float64) * factor).astype(np.float32)


def _spline_entry(model: SplineModel, factor: float) -> ListEntry:
    """The cells as they are: the engine's are those that LSST divides an image into."""
    return ListEntry(
        values=_own(model.cells.values, factor),
        errors=_own(model.cells.errors, abs(factor)),
        shape=model.shape,
        interp_style=model.style,
    )


def _polynomial_entry(
    model: ChebyshevModel, factor: float, background: Float32, xy0: tuple[int, int]
) -> tuple[ListEntry, float]:
    """The polynomial read at the centres of enough cells that their float32 does no harm."""
    own = replace(model, coefficients=model.coefficients * factor)
    count = max(_CELLS_PER_ORDER * (model.order + 1), _FEWEST_CELLS)
    found: tuple[ListEntry, float] | None = None
    with np.errstate(invalid="ignore"):
        limit = _TOLERANCE * float(np.nanmax(np.abs(background)))
    while True:
        ny, nx = (min(count, side) for side in model.shape)
        y, x = cell_centres(model.shape[0], ny), cell_centres(model.shape[1], nx)
        values = own.render(y, x)
        entry = ListEntry(
            values=values,
            errors=np.ones_like(values),  # all the same, should a reader weight by them
            shape=model.shape,
            xy0=xy0,
            interp_style="AKIMA_SPLINE",
            order=model.order,
        )
        try:
            difference = largest_difference(entry, background)
        except np.linalg.LinAlgError:
            difference = np.inf
        if found is None or difference < found[1]:
            found = entry, difference
        work = 4.0 * ny * nx * term_count(model.order) ** 2
        if difference <= limit or (ny, nx) == model.shape or work > _MOST_WORK:
            return found
        count *= 2


def _continued_entry(
    model: ContinuedModel, factor: float, background: Float32, xy0: tuple[int, int]
) -> tuple[ListEntry, float]:
    """A model of a part, read at cells of the whole image: LSST has no other place for cells.

    A polynomial stays one over another domain; a spline is followed by ever smaller cells.
    """
    fitted = model.model
    if isinstance(fitted, ChebyshevModel):
        count = max(_CELLS_PER_ORDER * (fitted.order + 1), _FEWEST_CELLS)
        return _read_entry_of(
            model, factor, background, xy0, (count, count), "AKIMA_SPLINE", fitted.order, rounds=2
        )
    if isinstance(fitted, PSplineModel):
        return _smooth_entry(model, factor, background, xy0)
    style = getattr(fitted, "style", "AKIMA_SPLINE")
    count = max(*getattr(fitted, "cells").shape, _FEWEST_CELLS)  # noqa: B009
    return _read_entry_of(model, factor, background, xy0, (count, count), style, None, rounds=4)


def _smooth_entry(
    model: PSplineModel | ContinuedModel,
    factor: float,
    background: Float32,
    xy0: tuple[int, int],
) -> tuple[ListEntry, float]:
    """A P-spline read at cells as fine as its pieces or finer, for a natural spline."""
    ny, nx = (max(math.ceil(n / KNOT_SPACING), _FEWEST_CELLS) for n in model.shape)
    with np.errstate(invalid="ignore"):
        span = float(np.nanmax(background) - np.nanmin(background))
    return _read_entry_of(
        model,
        factor,
        background,
        xy0,
        (ny, nx),
        "NATURAL_SPLINE",
        None,
        rounds=4,
        limit=_SMOOTH_ENOUGH * span,
    )


def _read_entry_of(
    model: Any,
    factor: float,
    background: Float32,
    xy0: tuple[int, int],
    count: tuple[int, int],
    style: str,
    order: int | None,
    *,
    rounds: int,
    limit: float = 0.0,
) -> tuple[ListEntry, float]:
    """Read a model at cells, twice as many each round, until the list is within `limit` of it."""
    found = None
    for _ in range(rounds):
        ny, nx = (min(n, side) for n, side in zip(count, model.shape, strict=True))
        y, x = cell_centres(model.shape[0], ny), cell_centres(model.shape[1], nx)
        values = _own(model.render(y, x), factor)
        errors = np.ones_like(values)
        entry = ListEntry(values, errors, model.shape, xy0, interp_style=style, order=order)
        try:
            difference = largest_difference(entry, background)
        except np.linalg.LinAlgError:
            difference = np.inf
        if found is None or difference < found[1]:
            found = entry, difference
        if difference <= limit:
            break
        count = (2 * count[0], 2 * count[1])
    assert found is not None
    return found


def write_background_list(
    exposure: Exposure,
    model: Any,
    background: Float32,
    path: str | os.PathLike[str],
    cards: Sequence[Card] = (),
    *,
    scale: float = 1.0,
    sign: str = "add",
    overwrite: bool = False,
    progress: Progress = SILENT,
    group: OutputGroup | None = None,
) -> WrittenList:
    """Write a background model as a BackgroundList of one entry.

    Parameters
    ----------
    exposure : Exposure
        Whose background it is; gives unit and place.
    model : SplineModel, ChebyshevModel, PSplineModel or ContinuedModel
        In the scaled unit; ADDED to the exposure by a match.
    background : float32 array, shape (ny, nx)
        The model at every pixel, in the exposure's own unit.
    path : path-like
    cards : sequence of Card
        From `provenance.make_cards`; kind, sign, hash and the difference are added here.
    scale : float
        Photometric factor of the scaled unit.
    sign : {"add", "subtract"}
        Whether a pipeline shall add the list to the exposure, or subtract it (skyCorr style).
    overwrite, progress, group
        As for `write_background`.

    Raises
    ------
    ShapeMismatchError
        When model, background and exposure differ in shape.
    ReadError, WriteError
        One sentence; nothing is left behind.
    """
    path = Path(path)
    input_path = source_path(exposure)
    if not np.shape(background) == model.shape == exposure.shape:
        shapes = np.shape(background), model.shape, exposure.shape
        raise ShapeMismatchError(f"background, model and image differ in shape: {shapes}")
    check_target(path, inputs=[input_path] if input_path else [], overwrite=overwrite)
    entry, difference = list_entry(model, background, scale=scale, sign=sign, xy0=exposure.xy0)
    if not np.isfinite(difference):
        raise WriteError(path, "the background has no numbers that a BackgroundList could hold")
    progress.step()
    if input_path is not None:
        cards = with_source_hash(cards, input_path, progress)
    cards = with_values(cards, kind="background", sign=SIGNS[sign][0])
    parts = _parts(entry, exposure, cards, difference)
    write_fresh(parts, path, overwrite, progress, group)
    return WrittenList(path, difference)


def _parts(
    entry: ListEntry, exposure: Exposure, cards: Sequence[Card], difference: float
) -> list[Part]:
    shape = entry.values.shape
    own = raw_cards(cards)
    own.append(format_card(DIFFERENCE_CARD, float(difference), "largest |model - this list|"))
    short = raw_cards([card for card in cards if card[0] in ("BGVVERS", "BGVSIGN")])
    planes = (
        (entry.values, -32, own, unit_card(exposure.unit)),
        (np.zeros(shape, np.uint32), 32, short, mask_plane_cards(CANONICAL_PLANES)),
        (entry.errors, -32, short, unit_card(exposure.unit)),
    )
    parts = []
    for number, (pixels, bitpix, provenance, more) in enumerate(planes):
        head = _first_cards(shape, bitpix, primary=number == 0)
        parts.append(Part(None, [*head, *_entry_cards(entry), *more, *provenance], pixels))
    return parts


def _first_cards(shape: tuple[int, ...], bitpix: int, primary: bool) -> list[bytes]:
    axes = [format_card("NAXIS1", shape[1]), format_card("NAXIS2", shape[0])]
    first = format_card("SIMPLE", True) if primary else format_card("XTENSION", "IMAGE")
    last = (
        [format_card("EXTEND", True)]
        if primary
        else [format_card("PCOUNT", 0), format_card("GCOUNT", 1)]
    )
    return [first, format_card("BITPIX", bitpix), format_card("NAXIS", 2), *axes, *last]


def _entry_cards(entry: ListEntry) -> list[bytes]:
    fitted = entry.order is not None
    order = entry.order if entry.order is not None else 0
    (height, width), (x0, y0) = entry.shape, entry.xy0
    return [
        *place_cards((0, 0)),
        hierarch_card("INTERPSTYLE", INTERP_STYLES.index(entry.interp_style)),
        hierarch_card("UNDERSAMPLESTYLE", UNDERSAMPLE_STYLES.index(entry.undersample_style)),
        hierarch_card("APPROXSTYLE", _POLYNOMIAL if fitted else _INTERPOLATE),
        hierarch_card("APPROXORDERX", order),
        hierarch_card("APPROXORDERY", order),
        hierarch_card("APPROXWEIGHTING", entry.weighting),
        format_card("BKGD_X0", x0),
        format_card("BKGD_Y0", y0),
        hierarch_card("BKGD_WIDTH", width),
        hierarch_card("BKGD_HEIGHT", height),
    ]


def read_background_list(path: str | os.PathLike[str]) -> tuple[ListEntry, ...]:
    """Read a BackgroundList, ours or LSST's.

    Raises
    ------
    ReadError
        ``E_BGLIST_HDUS``, ``E_BGLIST_KEY``, ``E_BGLIST_DIMS`` or ``E_BGLIST_BBOX``, or what
        `FitsFile` raises.
    """
    with FitsFile(path) as file:
        hdus = file.hdus
        if len(hdus) % 3:
            reason = f"{len(hdus)} HDUs; a BackgroundList has a multiple of 3"
            raise file.error(reason, "E_BGLIST_HDUS")
        return tuple(_read_entry(file, hdus[k : k + 3]) for k in range(0, len(hdus), 3))


def _read_entry(file: FitsFile, hdus: Sequence[Hdu]) -> ListEntry:
    first = hdus[0]
    if len(first.shape) != 2 or 0 in first.shape or {hdu.shape for hdu in hdus} != {first.shape}:
        sizes = ", ".join(hdu.describe() for hdu in hdus)
        raise file.error(f"the planes of a background differ ({sizes})", "E_BGLIST_DIMS")

    def number(name: str, default: int | None = None) -> int:
        value = card_value(first.header, name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            reason = f"{first.label}: {name} is missing or no whole number"
            raise file.error(reason, "E_BGLIST_KEY")
        return value

    width, height = number("BKGD_WIDTH"), number("BKGD_HEIGHT")
    ny, nx = first.shape
    if not (nx <= width and ny <= height and width * height < 1 << 31):
        reason = f"{first.label}: an image of {width} x {height} pixels for {nx} x {ny} cells"
        raise file.error(reason, "E_BGLIST_BBOX")
    style, undersample = number("INTERPSTYLE"), number("UNDERSAMPLESTYLE", 1)
    if not (0 <= style < len(INTERP_STYLES) and 0 <= undersample < len(UNDERSAMPLE_STYLES)):
        reason = f"{first.label}: INTERPSTYLE {style}, UNDERSAMPLESTYLE {undersample} mean nothing"
        raise file.error(reason, "E_BGLIST_KEY")
    fitted = number("APPROXSTYLE", _INTERPOLATE) == _POLYNOMIAL
    return ListEntry(
        values=read_float_plane(file, first)[0].reshape(first.shape),
        errors=read_float_plane(file, hdus[2])[0].reshape(first.shape),
        shape=(height, width),
        xy0=(number("BKGD_X0"), number("BKGD_Y0")),
        interp_style=INTERP_STYLES[style],
        order=number("APPROXORDERX", 1) if fitted else None,
        weighting=card_value(first.header, "APPROXWEIGHTING", True) is True,
        undersample_style=UNDERSAMPLE_STYLES[undersample],
    )
