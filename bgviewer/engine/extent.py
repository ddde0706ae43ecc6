"""Where exposures lie in one pixel grid, and the part of it that two of them share.

LSST's task wants exposures of equal size (SPEC section 1).  Exposures of one grid but of different
extent are therefore cut to what they share before they are matched: the difference, its cells,
its bins and a polynomial's domain are those of that part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from bgviewer.engine.exposure import MaskedImage
from bgviewer.errors import NoOverlapError

__all__ = ["Extent", "common_part", "cut_out", "laid_into"]

Image = TypeVar("Image", bound=MaskedImage)


@dataclass(frozen=True)
class Extent:
    """A rectangle of whole pixels in the parent grid.

    Attributes
    ----------
    x0, y0 : int
        Parent position of its first pixel.
    nx, ny : int
        Pixels along each axis; 0 or less = nothing.
    """

    x0: int
    y0: int
    nx: int
    ny: int

    @classmethod
    def of(cls, image: Any) -> Extent:
        """Return that of anything with ``shape`` (ny, nx) and ``xy0``."""
        (ny, nx), (x0, y0) = image.shape, image.xy0
        return cls(int(x0), int(y0), int(nx), int(ny))

    @classmethod
    def around(cls, extents: Iterable[Extent]) -> Extent:
        """Return the smallest that holds all of them (at least one)."""
        held = list(extents)
        x0, y0 = min(e.x0 for e in held), min(e.y0 for e in held)
        x1, y1 = max(e.x0 + e.nx for e in held), max(e.y0 + e.ny for e in held)
        return cls(x0, y0, x1 - x0, y1 - y0)

    @property
    def shape(self) -> tuple[int, int]:
        """``(ny, nx)``."""
        return self.ny, self.nx

    @property
    def xy0(self) -> tuple[int, int]:
        """``(x0, y0)``."""
        return self.x0, self.y0

    @property
    def size(self) -> int:
        """Number of pixels."""
        return max(0, self.nx) * max(0, self.ny)

    def __and__(self, other: Extent) -> Extent:
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1 = min(self.x0 + self.nx, other.x0 + other.nx)
        y1 = min(self.y0 + self.ny, other.y0 + other.ny)
        return Extent(x0, y0, x1 - x0, y1 - y0)

    def within(self, whole: Extent) -> tuple[slice, slice]:
        """Return its rows and columns in an array that covers `whole`."""
        y, x = self.y0 - whole.y0, self.x0 - whole.x0
        return slice(y, y + self.ny), slice(x, x + self.nx)

    def outside(self, other: Extent) -> float:
        """Return the share, 0 to 1, of its pixels that `other` does not cover."""
        return 1.0 - (self & other).size / self.size if self.size else math.nan


def cut_out(image: Image, part: Extent) -> Image:
    """Return the pixels of `part`, which lies in the image; the same object when that is all."""
    whole = Extent.of(image)
    if part == whole:
        return image
    rows, columns = part.within(whole)
    changes: dict[str, Any] = {
        name: None if plane is None else plane[rows, columns]
        for name in ("image", "mask", "variance")
        for plane in (getattr(image, name),)
    }
    wcs = getattr(image, "wcs", None)
    if wcs is not None:
        changes["wcs"] = wcs.slice((rows, columns))
    return replace(image, xy0=part.xy0, **changes)


def common_part(reference: Image, science: Image) -> tuple[Image, Image]:
    """Cut two exposures of one grid to the pixels that both have.

    Exposures of equal extent are returned as they are.

    Raises
    ------
    NoOverlapError
        When they have no pixel in common.
    """
    part = Extent.of(reference) & Extent.of(science)
    if part.nx < 1 or part.ny < 1:
        raise NoOverlapError("no overlap with the reference: the two share no part of the grid")
    return cut_out(reference, part), cut_out(science, part)


def laid_into(image: MaskedImage, extent: Extent) -> MaskedImage:
    """Return the image as it covers `extent`: NaN where it has no pixel, cut where it has more.

    The same object when that is its own extent.
    """
    own = Extent.of(image)
    if own == extent:
        return image
    part = own & extent
    planes: dict[str, Any] = {}
    for name, empty in (("image", np.nan), ("mask", 0), ("variance", np.nan)):
        plane = getattr(image, name)
        planes[name] = None
        if plane is not None:
            planes[name] = np.full(extent.shape, empty, plane.dtype)
            if part.size:
                planes[name][part.within(extent)] = plane[part.within(own)]
    return MaskedImage(**planes, planes=image.planes, xy0=extent.xy0)
