"""From where the planes lie and what they mean to image, mask and variance in memory.

Source: FORMATS section 0 (uncertainty to variance), 4.2 (asinh), README of the zoo (SDSS spans).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import in_float32_range
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.scratch import Scratch
from bgviewer.io.conventions.base import OTHER_CODE, MaskPart, Place, Planes
from bgviewer.io.layout import FitsFile
from bgviewer.io.pixels import read_float_plane, read_mask_plane, read_wide_plane, scaling_of
from bgviewer.io.spans import read_spans
from bgviewer.io.words import unusable_pixels

__all__ = ["Assembler"]

_POGSON = 2.5 / np.log(10)
Float32 = NDArray[np.float32]


def from_asinh(values: Float32, offset: float, softening: float) -> Float32:
    """Undo the asinh compression of Pan-STARRS stacks: linear = offset + 2 b sinh(value / a)."""
    with np.errstate(over="ignore", invalid="ignore"):
        linear = offset + 2.0 * softening * np.sinh(values.astype(np.float64) / _POGSON)
        return linear.astype(np.float32)


class Assembler:
    """Reads the planes of one exposure; no plane is decoded twice.

    Parameters
    ----------
    file : FitsFile
        Open; side-cars are opened through it.
    planes : Planes
        What `recognise` found.
    scratch : Scratch, optional
        Where planes of the file itself may go when they need not last.
    progress : Progress, optional
        May stop the reading.

    Attributes
    ----------
    warnings : list of str
        What reading showed.
    """

    def __init__(
        self,
        file: FitsFile,
        planes: Planes,
        scratch: Scratch | None = None,
        progress: Progress = SILENT,
    ) -> None:
        self.warnings: list[str] = []
        self._file, self._planes = file, planes
        self._scratch, self._progress = scratch, progress
        self._held: dict[Place, NDArray[Any]] = {}
        self._places = [part.place for part in planes.masks]
        self._places += planes.noise.places if planes.noise else ()

    def image(self) -> Float32:
        """Return the image in the exposure's unit, linear."""
        planes = self._planes
        hdu = self._file.hdus[planes.image]
        values, losses = read_float_plane(
            self._file, hdu, self._scratch, self._progress, planes.layer
        )
        self.warnings += losses
        return values if planes.asinh is None else from_asinh(values, *planes.asinh)

    def mask(self) -> NDArray[np.uint32] | None:
        """Return the mask with the bits that the planes declare; None without one."""
        planes = self._planes
        if not planes.masks:
            return None
        first = planes.masks[0]
        if planes.mask is not None:
            return self._mask_plane(self._file, planes.mask, self._scratch)
        total: NDArray[np.uint32] = np.zeros(planes.shape, np.uint32)
        if first.meaning == "bits":
            total = self._bits(first)
            named = {bit for part in planes.masks[:1] for bit in part.planes.values()}
            added = sum(1 << bit for bit in {*planes.bits.values()} - named)
            total = total & np.uint32(~added & 0xFFFFFFFF)
        for part in planes.masks[1:] if first.meaning == "bits" else planes.masks:
            self._add(total, part)
        if planes.bad is not None and "BAD" in planes.bits:
            bad = sum(1 << bit for name, bit in planes.bits.items() if name in planes.bad)
            flagged = (total & np.uint32(bad)) != 0
            total[flagged] |= np.uint32(1 << planes.bits["BAD"])
        return total

    def variance(self, image: Float32) -> tuple[Float32, int] | None:
        """Return the variance; None when there is none or it says nothing.

        Returns
        -------
        values : float32 array
        exponent : int
            They are the variance times 2 to this power; 0 but where it is beyond float32.
        """
        noise = self._planes.noise
        if noise is None:
            return None
        sum_: NDArray[Any] | None = None
        for place in noise.places:
            values = self._floats(place)
            if noise.kind == "inverse variance":
                values = _inverse(values)
            elif noise.kind == "sigma":
                values = _square(values)
            with np.errstate(over="ignore", invalid="ignore"):
                sum_ = values if sum_ is None else sum_ + values
        assert sum_ is not None
        held, exponent = in_float32_range(sum_)
        with np.errstate(over="ignore", under="ignore"):
            total: Float32 = np.require(held, np.float32, ["C", "A"])
        label = self._label(noise.places)
        if noise.kind == "inverse variance" and not np.isfinite(total).any():
            self.warnings.append(f"{label} has no positive weight and is not used")
            return None
        count, some = unusable_pixels(image, total)
        if not some:
            self.warnings.append(f"{label} is zero throughout and not used")
            return None
        if count:
            self.warnings.append(f"{label}: {count} pixels with data have no positive variance")
        return total, exponent

    def _label(self, places: tuple[Place, ...]) -> str:
        found = [
            self._file.hdus[place.hdu].label if place.path is None else place.path.name
            for place in places
        ]
        return " + ".join(found)

    def _open(self, place: Place) -> FitsFile:
        return self._file if place.path is None else self._file.companion(place.path)

    def _floats(self, place: Place) -> NDArray[Any]:
        """Return a noise plane; as float64 where its values may be beyond float32."""
        held = self._held.get(place)
        if held is not None:
            return held
        file = self._open(place)
        scratch = self._scratch if place.path is None else None
        hdu = file.hdus[place.hdu]
        read = read_wide_plane if place.asinh is None else read_float_plane
        values, losses = read(file, hdu, scratch, self._progress, place.layer)
        self.warnings += losses
        if place.asinh is not None:
            values = from_asinh(values, *place.asinh)
        if self._places.count(place) > 1:
            self._held[place] = values
        return values

    def _bits(self, part: MaskPart) -> NDArray[np.uint32]:
        file = self._open(part.place)
        scratch = self._scratch if part.place.path is None else None
        return self._mask_plane(file, part.place.hdu, scratch, part.place.layer)

    def _mask_plane(
        self, file: FitsFile, index: int, scratch: Scratch | None, layer: int | None = None
    ) -> NDArray[np.uint32]:
        hdu = file.hdus[index]
        bits = read_mask_plane(file, hdu, scratch, self._progress, layer)
        # A mask that several parts share is read for each.
        told = scaling_of(file, hdu).warnings
        self.warnings += [text for text in told if text not in self.warnings]
        return bits

    def _add(self, total: NDArray[np.uint32], part: MaskPart) -> None:
        """Set the bits that a further part asks for."""
        bits = self._planes.bits
        if part.meaning == "positive":
            with np.errstate(invalid="ignore"):
                bad = ~(self._floats(part.place) > 0)
            for name in part.planes:
                total[bad] |= np.uint32(1 << bits[name])
        elif part.meaning == "nonzero":
            flagged = self._bits(part) != 0
            for name in part.planes:
                total[flagged] |= np.uint32(1 << bits[name])
        elif part.meaning == "codes":
            total |= self._codes(part)
        elif part.meaning == "spans":
            tables = self._open(part.place)
            for name, index in part.planes.items():
                read_spans(tables, tables.hdus[index], total, np.uint32(1 << bits[name]))
        else:
            raw = self._bits(part)
            for name, bit in part.planes.items():
                total[(raw >> np.uint32(bit)) & np.uint32(1) != 0] |= np.uint32(1 << bits[name])

    def _codes(self, part: MaskPart) -> NDArray[np.uint32]:
        bits = self._planes.bits
        last = max(part.planes.values())
        table = np.full(last + 2, 1 << bits[OTHER_CODE], np.uint32)
        table[0] = 0
        for name, code in part.planes.items():
            table[code] = 1 << bits[name]
        return table[np.minimum(self._bits(part), last + 1)]


def _is_safe(values: NDArray[Any], lowest: float, highest: float) -> bool:
    """Whether the middle of the positive values lies in a range in which float32 computes."""
    sample = values.reshape(-1)[:: max(1, values.size // 4096)]
    some = sample[np.isfinite(sample) & (sample > 0)]
    if not some.size:
        some = values[np.isfinite(values) & (values > 0)]
    return not some.size or lowest < float(np.median(some)) < highest


def _square(sigma: NDArray[Any]) -> NDArray[Any]:
    """Return sigma squared, in float64 where float32 has no room for it."""
    if sigma.dtype == np.float32 and not _is_safe(sigma, 1e-15, 1e15):
        sigma = sigma.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        return np.asarray(sigma * sigma)


def _inverse(weight: NDArray[Any]) -> NDArray[Any]:
    """Return 1/weight, infinite where the weight is not positive."""
    kind = weight.dtype
    if kind == np.float32 and not _is_safe(weight, 1e-30, 1e30):
        kind = np.dtype(np.float64)
    out = np.full(weight.shape, np.inf, kind)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        np.divide(kind.type(1), weight, out=out, where=weight > 0)
    return out
