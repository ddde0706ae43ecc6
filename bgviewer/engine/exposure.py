"""Image, mask and variance of one exposure as one checked, read-only object."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bgviewer.engine.detection import Detection
from bgviewer.engine.inputs import checked_planes, pixels_of, variance_of
from bgviewer.engine.masks import IGNORED_PLANE, Masked, bits_of, in_type_of
from bgviewer.errors import ConfigError, ShapeMismatchError

__all__ = [
    "CANONICAL_PLANES",
    "IGNORED_PLANE",
    "Exposure",
    "MaskedImage",
    "as_masked_image",
    "ignoring",
    "in_float32_range",
    "with_plane",
]

CANONICAL_PLANES: Mapping[str, int] = {
    "BAD": 0,
    "SAT": 1,
    "INTRP": 2,
    "CR": 3,
    "EDGE": 4,
    "DETECTED": 5,
    "DETECTED_NEGATIVE": 6,
    "SUSPECT": 7,
    "NO_DATA": 8,
}
"""Bits of the classical LSST mask planes, used where a mask comes without names."""

Float32 = NDArray[np.float32]
Image = TypeVar("Image", bound="MaskedImage")


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _plane(values: ArrayLike, what: str) -> Float32:
    array = np.asarray(values)
    if array.ndim != 2 or array.size == 0:
        raise ShapeMismatchError(
            f"the {what} must be a 2-D array [ny, nx] with pixels, not shape {array.shape}"
        )
    if array.dtype.kind not in "fiub":
        raise ShapeMismatchError(f"the {what} must hold real numbers, not {array.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.require(array, np.float32, ["C", "A"])


def _mask_plane(values: ArrayLike) -> NDArray[np.integer[Any]]:
    if isinstance(values, np.ma.MaskedArray):
        raise ShapeMismatchError(
            "the mask must be a plain array of bits, not a masked array; pass the masked array as "
            "image= and its mask counts"
        )
    array = np.asarray(values)
    if array.ndim != 2 or array.size == 0:
        raise ShapeMismatchError(
            f"the mask must be a 2-D array [ny, nx] with pixels, not shape {array.shape}"
        )
    if array.dtype.kind == "b":
        return np.require(array, np.uint8, ["C", "A"])
    if array.dtype.kind not in "iu":
        raise ShapeMismatchError(f"the mask must hold whole numbers (bits), not {array.dtype}")
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


_SMALLEST, _LARGEST = 1e-30, 1e30
"""Variances in between are safe in float32, whose range is 1e-38 to 3e38."""


def in_float32_range(variance: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Bring a variance plane of float64 into the range of float32, by a power of two.

    Returns
    -------
    variance : ndarray
        The same array where nothing has to be done.
    exponent : int
        It was multiplied by 2 to this power, which loses no digit.
    """
    if variance.dtype.itemsize <= 4 or variance.dtype.kind != "f":
        return variance, 0
    some = variance[np.isfinite(variance) & (variance > 0)]
    if not some.size:
        return variance, 0
    middle = float(np.median(some))
    if _SMALLEST < middle < _LARGEST:
        return variance, 0
    exponent = -math.frexp(middle)[1]
    return np.ldexp(variance, exponent), exponent


def _checked_position(given: Any) -> tuple[int, int]:
    try:
        x0, y0 = given
        if x0 == int(x0) and y0 == int(y0):
            return int(x0), int(y0)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ConfigError(
        f"xy0 must be two whole numbers (x0, y0), not {given!r}", field="xy0", value=given
    )


def _agreed_unit(given: str | None, own: str | None) -> str | None:
    """Return the unit of an image; `given` and its `own` must not contradict each other."""
    if given is not None and own is not None and str(given) != own:
        raise ConfigError(
            f"unit = {str(given)!r}, but the image's own unit is {own!r}", field="unit", value=given
        )
    return own if given is None else str(given)


@dataclass(frozen=True, eq=False)
class MaskedImage:
    """Pixels of an exposure.

    Parameters
    ----------
    image : array_like, masked array, Quantity, NDData or CCDData, shape (ny, nx)
        Pixel values in the exposure's unit; becomes native float32. NaN = no data. Pixels that
        its own mask, or that of `variance`, declares invalid get the plane `IGNORED_PLANE`; the
        uncertainty of an
        NDData becomes the variance, and its unit `unit`, unless these are given.
    mask : array_like of int, shape (ny, nx), optional
        Bits; which bit means what is told by `planes`. None = nothing is flagged.
    variance : array_like, shape (ny, nx), optional
        Variance of each pixel in unit squared; becomes native float32. None = unknown.
    planes : mapping of str to int, optional
        Mask plane name to bit NUMBER. Default: the classical LSST bits when there is a mask.
    xy0 : (int, int)
        Position ``(x0, y0)`` of pixel [0, 0] in the parent grid.
    unit : str, optional
        Unit of a pixel value (BUNIT); that of a Quantity or NDData is taken over.
    variance_exponent : int
        What is held in `variance` is the variance times 2 to this power. 0 but for units in which
        a variance is beyond float32, such as W/m2/Hz; `true_variance` takes it off.

    Notes
    -----
    The arrays are read-only views; a caller's array of the right type is not copied, and must
    not be changed while the object lives.  A pixel is *good* when its value is finite and none
    of the configured bad planes is set (SPEC, notation); variance plays no part in that.  The
    plane `IGNORED_PLANE` counts as bad always.

    Raises
    ------
    ShapeMismatchError
        When the planes differ in shape or are not 2-D arrays of numbers.
    ConfigError
        When `planes` has a bit that no mask can have, or `unit` contradicts the image's own.

    Examples
    --------
    >>> import numpy as np, bgviewer
    >>> pixels = np.ma.masked_greater([[1.0, 2.0], [3.0, 60000.0]], 50000)
    >>> image = bgviewer.MaskedImage(image=pixels)
    >>> image.plane_counts()
    {'IGNORED': 1}
    """

    image: Float32
    mask: NDArray[np.integer[Any]] | None = None
    variance: Float32 | None = None
    planes: Mapping[str, int] | None = None
    xy0: tuple[int, int] = (0, 0)
    unit: str | None = None
    variance_exponent: int = 0

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        pixels = pixels_of(self.image)
        image = _plane(pixels.values, "image")
        put("image", _read_only(image))
        put("unit", _agreed_unit(self.unit, pixels.unit))
        if self.mask is not None:
            put("mask", _read_only(_mask_plane(self.mask)))
        variance, invalid = pixels.variance, pixels.invalid
        if self.variance is not None:
            variance, hidden = variance_of(self.variance, self.unit)
            if hidden is not None and hidden.shape == image.shape:
                invalid = hidden if invalid is None else invalid | hidden
        if variance is not None:
            held, exponent = in_float32_range(np.asarray(variance))
            put("variance", _read_only(_plane(held, "variance")))
            put("variance_exponent", self.variance_exponent + exponent)
        for what in ("mask", "variance"):
            plane = getattr(self, what)
            if plane is not None and plane.shape != image.shape:
                (py, px), (ny, nx) = plane.shape, image.shape
                raise ShapeMismatchError(f"the {what} is {px} x {py} but the image is {nx} x {ny}")
        planes = self.planes
        if planes is None:
            planes = CANONICAL_PLANES if self.mask is not None else {}
        put("planes", checked_planes(planes))
        put("xy0", _checked_position(self.xy0))
        if invalid is not None and invalid.any():
            mask, planes = _with_plane(self, IGNORED_PLANE, invalid)
            put("mask", _read_only(mask))
            put("planes", planes)

    @property
    def true_variance(self) -> NDArray[Any] | None:
        """Variance plane in unit squared: float32, or float64 where it is beyond float32."""
        if self.variance is None or self.variance_exponent == 0:
            return self.variance
        return np.ldexp(self.variance.astype(np.float64), -self.variance_exponent)

    @property
    def shape(self) -> tuple[int, int]:
        """``(ny, nx)``."""
        ny, nx = self.image.shape
        return ny, nx

    def bits(self, names: Iterable[str]) -> int:
        """Return the bits of the named planes and of `IGNORED_PLANE`; lacking ones add nothing."""
        assert self.planes is not None
        return bits_of(self.planes, names)

    def flagged(self, names: Iterable[str]) -> NDArray[np.bool_] | None:
        """Return where any of the named planes is set; None when that is nowhere possible."""
        bits = self.bits(names)
        if self.mask is None or bits == 0:
            return None
        return np.asarray((self.mask & in_type_of(self.mask, bits)) != 0)

    @cached_property
    def set_bits(self) -> int:
        """All bits that are set anywhere in the mask, as one non-negative number; 0 without one."""
        if self.mask is None:
            return 0
        value = int(np.bitwise_or.reduce(self.mask, axis=None))
        return value & ((1 << 8 * self.mask.dtype.itemsize) - 1)

    def masked(self, names: Iterable[str]) -> Masked:
        """Return the mask with the bits of the named planes."""
        return self.mask, self.bits(names)

    def plane_counts(self) -> dict[str, int]:
        """Return the number of flagged pixels of every named plane."""
        assert self.planes is not None
        if self.mask is None:
            return dict.fromkeys(self.planes, 0)
        bits = {name: in_type_of(self.mask, 1 << bit) for name, bit in self.planes.items()}
        return {name: int(np.count_nonzero(self.mask & bit)) for name, bit in bits.items()}

    def scaled(self, factor: float) -> MaskedImage:
        """Return image * s and variance * s^2 with s made float32 (SPEC section 1)."""
        s = np.float32(factor)
        if s == 1:
            return self
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            image, square = self.image * s, s * s
            if self.variance is None:
                return replace(self, image=image)
            if _SMALLEST < square < _LARGEST:
                return replace(self, image=image, variance=self.variance * square)
            wide = self.variance.astype(np.float64) * float(s) ** 2  # the square is beyond float32
            return replace(self, image=image, variance=wide)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Exposure(MaskedImage):
    """A `MaskedImage` with what its file says about it.

    Parameters
    ----------
    name : str
        Short name for people (the file's stem).
    header : mapping, optional
        Cards of the image HDU (merged with the primary's where the file asks for it).
    wcs : object, optional
        Celestial `astropy.wcs.WCS` of the file array (0-based pixels), or None.
    zero_point : float, optional
        Magnitude of one pixel unit, or None when the file does not say.
    scale : float
        Photometric factor already applied to image and variance in memory.
    source : object, optional
        Where the planes lie on disk; opaque to the engine.
    detection : Detection, optional
        What made the plane DETECTED, where the exposure did not bring one.
    """

    name: str = ""
    header: Mapping[str, Any] | None = field(default=None, repr=False)
    wcs: Any = field(default=None, repr=False)
    zero_point: float | None = None
    scale: float = 1.0
    source: Any = field(default=None, repr=False)
    detection: Detection | None = None

    def scaled(self, factor: float) -> Exposure:
        """Scale as `MaskedImage.scaled` does and remember the factor."""
        out = super().scaled(factor)
        assert isinstance(out, Exposure)
        if out is self:
            return self
        return replace(out, scale=self.scale * float(np.float32(factor)))


def as_masked_image(given: Any, what: str) -> MaskedImage:
    """Return what a caller passed as an exposure.

    Parameters
    ----------
    given : MaskedImage or anything that `MaskedImage` takes as an image
    what : str
        Its role, for the message.

    Raises
    ------
    ShapeMismatchError
        It holds no 2-D array of numbers.
    """
    if isinstance(given, MaskedImage):
        return given
    if isinstance(given, (str, bytes, os.PathLike)):
        raise ShapeMismatchError(
            f"the {what} is a path, {os.fspath(given)!r}; open it with bgviewer.read first"
        )
    try:
        return MaskedImage(image=given)
    except ShapeMismatchError as exc:
        raise ShapeMismatchError(
            f"the {what} must be a MaskedImage, an Exposure or a 2-D array of pixels, not "
            f"{type(given).__name__}: {exc}"
        ) from exc


def ignoring(image: Image, pixels: NDArray[np.bool_]) -> Image:
    """Return the same image with these pixels bad, whatever the configured bad planes are.

    Parameters
    ----------
    image : MaskedImage
        Stays as it is; image and variance are shared, the mask is copied.
    pixels : bool array, shape (ny, nx)

    Returns
    -------
    MaskedImage
        Of the type of `image`, with the plane `IGNORED_PLANE`.

    Raises
    ------
    ShapeMismatchError
        When `pixels` has another shape.
    ConfigError
        When all 64 bits that a mask can have carry names.
    """
    return with_plane(image, IGNORED_PLANE, pixels)


def with_plane(image: Image, name: str, pixels: NDArray[np.bool_]) -> Image:
    """Return the same image with these pixels flagged in a mask plane, made if it is not there.

    Arguments, errors and what is shared are as for `ignoring`.
    """
    if pixels.shape != image.shape:
        raise ShapeMismatchError(
            f"pixels of the plane {name}: {pixels.shape}, but the image {image.shape}"
        )
    mask, planes = _with_plane(image, name, pixels)
    return replace(image, mask=mask, planes=planes)


def _with_plane(
    image: MaskedImage, name: str, pixels: NDArray[np.bool_]
) -> tuple[NDArray[np.integer[Any]], dict[str, int]]:
    """Return mask and planes of `image` with these pixels flagged in the plane."""
    assert image.planes is not None
    if image.mask is None:
        return pixels.astype(np.uint8), {name: 0}
    bit = image.planes.get(name)
    mask = image.mask
    if bit is None:
        bit = next(b for b in range(65) if b not in image.planes.values())
        mask = _with_room(mask, bit)
        # A bit without a name means nothing; here it must not get that of the plane.
        mask = mask & ~in_type_of(mask, 1 << bit)
    flags = np.where(pixels, in_type_of(mask, 1 << bit), mask.dtype.type(0))
    return mask | flags, {**image.planes, name: bit}


def _with_room(mask: NDArray[np.integer[Any]], bit: int) -> NDArray[np.integer[Any]]:
    """Return the mask in a type that has the bit."""
    if bit >= 64:
        raise ConfigError("the mask has no free bit for another plane")
    if bit < 8 * mask.dtype.itemsize:
        return mask
    plain = mask.view(f"u{mask.dtype.itemsize}")  # no sign that would fill the new bits
    wider = next(size for size in (2, 4, 8) if bit < 8 * size)
    return plain.astype(f"u{wider}")
