"""What a caller may pass where pixels are expected: arrays, masked arrays, quantities, NDData.

Nothing of astropy is imported: its objects are recognised by their attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.errors import ConfigError, ShapeMismatchError

__all__ = ["Pixels", "checked_planes", "pixels_of", "variance_of"]

HIGHEST_BIT = 63
"""Of the widest integers that a mask can have."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """The parts of something that was passed as an image.

    Attributes
    ----------
    values : ndarray
        Plain numbers, neither masked nor with a unit.
    invalid : bool array or None
        Pixels that its own mask declares invalid, same shape as `values`.
    variance : ndarray or None
        From its own uncertainty, in unit squared.
    unit : str or None
    """

    values: NDArray[Any]
    invalid: NDArray[np.bool_] | None = None
    variance: NDArray[Any] | None = None
    unit: str | None = None


def pixels_of(given: Any) -> Pixels:
    """Take an image apart.

    Parameters
    ----------
    given : array_like, numpy masked array, Quantity, Masked Quantity, NDData or CCDData
        2-D.

    Raises
    ------
    ShapeMismatchError
        It is no array of numbers, or its mask or uncertainty has another shape.
    """
    if _is_nddata(given):
        return _of_nddata(given)
    values, invalid = _unmasked(given)
    return Pixels(_plain(values), invalid, unit=_unit_of(given))


def variance_of(given: Any, unit: str | None) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a variance plane as plain numbers, and the pixels that its own mask declares invalid.

    Parameters
    ----------
    given : array_like, numpy masked array or Quantity
    unit : str or None
        Unit of the image; a Quantity is converted to its square.

    Raises
    ------
    ShapeMismatchError
        The unit of `given` is not a square of that of the image.
    """
    if _is_nddata(given):
        raise ShapeMismatchError(
            f"the variance must be an array, not {type(given).__name__}; pass its data"
        )
    own, factor = _unit_of(given), 1.0
    if own is not None:
        try:
            # units convert from and to text; of a square only the root's name is sure to be known
            factor = float((given.unit**0.5).to(unit)) ** 2 if unit else 1.0
        except (ValueError, TypeError, AttributeError) as exc:
            raise ShapeMismatchError(
                f"the variance is in {own}, which is not the square of the image's unit {unit}"
            ) from exc
    values, invalid = _unmasked(given)
    values = _plain(values)
    if factor != 1.0:
        values = values * factor
    return values, invalid


def checked_planes(planes: Mapping[str, int]) -> dict[str, int]:
    """Return mask planes as plain names and bit numbers.

    Raises
    ------
    ConfigError
        A name is no text, or a bit is not a whole number from 0 to 63.
    """
    if not isinstance(planes, Mapping):
        raise ConfigError(
            f"planes must map names to bit numbers, such as {{'BAD': 0}}, not {planes!r}",
            field="planes",
            value=planes,
        )
    found: dict[str, int] = {}
    for name, bit in planes.items():
        whole = isinstance(bit, (int, np.integer)) and not isinstance(bit, bool)
        if not isinstance(name, str) or not name or not whole or not 0 <= bit <= HIGHEST_BIT:
            raise ConfigError(
                f"planes: {name!r}: {bit!r} is not a name with a bit number from 0 to "
                f"{HIGHEST_BIT} (the number of the bit, not its value)",
                field="planes",
                value=dict(planes),
            )
        found[name] = int(bit)
    return found


def _is_nddata(given: Any) -> bool:
    return all(hasattr(given, name) for name in ("data", "mask", "uncertainty", "unit"))


def _of_nddata(given: Any) -> Pixels:
    values = _plain(given.data)
    invalid = None
    if given.mask is not None:
        invalid = _invalid(given.mask, values.shape)
    unit = _unit_of(given)
    return Pixels(values, invalid, _uncertainty(given.uncertainty, values.shape), unit)


def _uncertainty(uncertainty: Any, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Return the variance that an NDUncertainty stands for."""
    if uncertainty is None or getattr(uncertainty, "array", None) is None:
        return None
    kind = getattr(uncertainty, "uncertainty_type", "unknown")
    values = np.asarray(uncertainty.array, dtype=np.float64)
    if values.shape != shape:
        raise ShapeMismatchError(f"the uncertainty has shape {values.shape}, the data {shape}")
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        if kind == "std":
            return values * values
        if kind == "var":
            return values
        if kind == "ivar":
            return np.where(values > 0, 1.0 / values, np.inf)
    raise ShapeMismatchError(
        f"an uncertainty of kind {kind!r} is not a variance; pass variance=, or data without it"
    )


def _unmasked(given: Any) -> tuple[Any, NDArray[np.bool_] | None]:
    """Return values and mask of numpy's and astropy's masked arrays; else (given, None)."""
    if isinstance(given, np.ma.MaskedArray):
        mask = np.ma.getmask(given)
        values = np.ma.getdata(given)
    elif hasattr(given, "unmasked") and hasattr(given, "mask"):
        mask, values = given.mask, given.unmasked
    else:
        return given, None
    if mask is np.ma.nomask:
        return values, None
    return values, _invalid(mask, np.shape(values))


def _invalid(mask: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    invalid = np.asarray(mask) != 0
    if invalid.shape not in ((), shape):
        raise ShapeMismatchError(f"its mask has shape {invalid.shape}, the data {shape}")
    return np.broadcast_to(invalid, shape)


def _unit_of(given: Any) -> str | None:
    unit = getattr(given, "unit", None)
    return None if unit is None or callable(unit) else str(unit) or None


def _plain(given: Any) -> NDArray[Any]:
    """Return an array without unit."""
    values = getattr(given, "value", given) if _unit_of(given) is not None else given
    try:
        return np.asarray(values)
    except (ValueError, TypeError) as exc:  # ragged lists, objects without pixels
        raise ShapeMismatchError(
            f"{type(given).__name__} cannot be made an array of pixels: {exc}"
        ) from exc
