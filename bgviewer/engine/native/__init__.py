"""Compiled inner loops: `kernels.c` through ctypes, where it could be built.

Without it everything works the same in NumPy, several times slower; digits differ by rounding
of float64 sums only.  A call releases the interpreter lock, so bands run on threads.
"""

from __future__ import annotations

import ctypes
import functools
import math
import os
import sys
import zlib
from ctypes import POINTER, Structure, byref, c_double, c_float, c_int, c_int64, c_uint64, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.masks import Masked
from bgviewer.engine.scratch import Scratch

__all__ = ["Kernels", "VariancePlan", "VarianceTally", "kernels", "library_path", "load"]

Image = NDArray[np.float32]
SWITCH = "BGVIEWER_KERNELS"
"""Environment variable; "numpy" leaves the compiled loops unused."""

_HERE = Path(__file__).parent
_NAME = {"win32": "kernels.dll", "darwin": "kernels.dylib"}.get(sys.platform, "kernels.so.1")
_ALIGNMENT = 32


class _Plane(Structure):
    _fields_ = (("data", c_void_p), ("stride", c_int64))


class _Flags(Structure):
    _fields_ = (("data", c_void_p), ("stride", c_int64), ("itemsize", c_int64), ("bits", c_uint64))


class _Plan(Structure):
    _fields_ = (("centre", c_float), ("core", c_float * 2), ("brackets", c_float * 6))


class _Tally(Structure):
    _fields_ = (
        ("good", c_int64),
        ("n", c_int64),
        ("below", c_int64 * 3),
        ("n_inside", c_int64),
        ("n_tails", c_int64),
        ("s1", c_double),
        ("s2", c_double),
    )


@dataclass(frozen=True)
class VariancePlan:
    """What to look for in summed variances; all numbers are float32 values.

    Attributes
    ----------
    centre : float
        Deviations are counted from here.
    core : (float, float)
        Values from..to are summed, others collected.
    brackets : tuple of (float, float)
        From..to around each quartile: values inside are collected.
    """

    centre: float
    core: tuple[float, float]
    brackets: tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class VarianceTally:
    """What a band of variances gave.

    Attributes
    ----------
    n : int
        Good values.
    below : tuple of int
        Values below each bracket.
    inside : ndarray
        Values in any of the brackets.
    tails : ndarray
        Values outside the core.
    core_sums : (float, float)
        Sum and sum of squares of (value - centre) over the core.
    """

    n: int
    below: tuple[int, ...]
    inside: Image
    tails: Image
    core_sums: tuple[float, float]


def _plane(array: Image | None) -> _Plane:
    if array is None:
        return _Plane(None, 0)
    follows = array.strides[1] == 4 or array.shape[1] <= 1 or not array.size
    assert array.dtype == np.float32 and follows and array.flags.aligned
    return _Plane(array.ctypes.data, array.strides[0])


def _flags(masked: Masked, rows: slice) -> _Flags:
    mask, bits = masked
    if mask is None or bits == 0:
        return _Flags(None, 0, 4, 0)
    part, size = mask[rows], mask.dtype.itemsize
    assert (part.strides[1] == size or part.shape[1] <= 1) and part.flags.aligned
    return _Flags(part.ctypes.data, part.strides[0], size, bits & ((1 << (8 * size)) - 1))


def _address(array: NDArray[Any]) -> int:
    return int(array.ctypes.data)


class Kernels:
    """The loops of one compiled variant; may be used from any number of threads."""

    def __init__(self, library: ctypes.CDLL, variant: str) -> None:
        self.variant = variant

        def find(name: str, result: Any, *arguments: Any) -> Any:
            function = getattr(library, f"bgv_{variant}_{name}")
            function.restype, function.argtypes = result, arguments
            return function

        i, d, at, plane, flags = c_int64, c_double, c_void_p, POINTER(_Plane), POINTER(_Flags)
        pairs = (plane, plane, flags, flags, plane, plane)
        look = (plane, POINTER(_Plan), POINTER(_Tally), at, at, i)
        self._difference = find("difference", c_int, i, i, *pairs, *look)
        self._moments = find("moments", None, i, plane, flags, i, at, at, at, at, at, at)
        self._ordered = find("ordered", None, i, plane, i, at, d, i, at, at, at, at)
        self._cubics = find("cubics", None, i, i, at, at, at, plane)
        self._akima_rows = find("akima_rows", None, i, i, at, at, at, at, at, plane)
        self._products = find("products", None, i, i, i, at, at, plane)
        self._finish = find("finish", i, i, i, plane, plane, plane, plane, POINTER(c_double))
        self._block_mean = find("block_mean", None, i, i, i, plane, at, at, at)
        self._colours = find("colours", None, i, at, c_float, c_float, i, at, at)
        self._swap = find("swap", c_uint64, i, at, at, i)
        self._unusable = find("unusable", i, i, at, at, POINTER(c_int64))
        self._block_size = int(find("block_size", i)())

    def difference(
        self,
        images: tuple[Image, Image] | None,
        masks: tuple[Masked, Masked],
        variances: tuple[Image, Image] | None,
        rows: slice,
        out: Image | None,
        plan: VariancePlan | None,
        scratch: Scratch,
    ) -> tuple[int, VarianceTally | None]:
        """Put first - second of the rows into `out`, NaN where flagged or not finite.

        Without images only the variances are looked at.

        Returns
        -------
        (int, VarianceTally or None)
            Good pixels; what the plan asked of the summed variances (None without a plan, or
            when more had to be collected than is worth it).
        """
        tally = _Tally()
        of_images, of_variances = images or (None, None), variances or (None, None)
        parts = [None if p is None else p[rows] for p in (*of_images, *of_variances)]
        shape = next(p.shape for p in parts if p is not None)
        room = math.prod(shape) // 4 + 4096 if plan and variances else 0
        inside = scratch.array("inside", (room,), np.float32)
        tails = scratch.array("tails", (room,), np.float32)
        overflow = self._difference(
            *shape,
            byref(_plane(parts[0])),
            byref(_plane(parts[1])),
            byref(_flags(masks[0], rows)),
            byref(_flags(masks[1], rows)),
            byref(_plane(parts[2])),
            byref(_plane(parts[3])),
            byref(_plane(out)),
            None if plan is None or not room else byref(_c_plan(plan)),
            byref(tally),
            _address(inside),
            _address(tails),
            room,
        )
        if overflow and images is None:
            return 0, None
        if overflow:
            # the variances were given up, the difference is still owed
            return self.difference(images, masks, None, rows, out, None, scratch)
        if not room:
            return tally.good, None
        return tally.good, VarianceTally(
            tally.n,
            tuple(tally.below),
            inside[: tally.n_inside].copy(),
            tails[: tally.n_tails].copy(),
            (tally.s1, tally.s2),
        )

    def moments(
        self, band: Image, masked: Masked, edges: NDArray[np.int64], scratch: Scratch
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Return count, mean and sum of squared deviations of one row of blocks."""
        count = len(edges) - 1
        edges = np.ascontiguousarray(edges, dtype=np.int64)
        work = scratch.array("blocks", (count * self._block_size + _ALIGNMENT,), np.uint8)
        bad = scratch.array("flags", (int(edges[-1] - edges[0]) + 8,), np.int32)
        n = np.empty(count, dtype=np.int64)
        mean, m2 = np.empty(count), np.empty(count)
        self._moments(
            band.shape[0],
            byref(_plane(band)),
            byref(_flags(masked, slice(None))),
            count,
            _address(edges),
            _address(work) + -_address(work) % _ALIGNMENT,
            _address(bad),
            _address(n),
            _address(mean),
            _address(m2),
        )
        return n, mean, m2

    def ordered(
        self,
        band: Image,
        edges: NDArray[np.int64],
        clip: tuple[float, int] | None,
        scratch: Scratch,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        """Return median, or clipped mean with variance and count, of one row of blocks."""
        count = len(edges) - 1
        edges = np.ascontiguousarray(edges, dtype=np.int64)
        largest = band.shape[0] * int(np.diff(edges).max())
        work = scratch.array("values", (2 * largest + 512,), np.float32)
        value, variance = np.empty(count), np.empty(count)
        kept = np.empty(count, dtype=np.int64)
        sigmas, times = clip or (0.0, 0)
        self._ordered(
            band.shape[0],
            byref(_plane(band)),
            count,
            _address(edges),
            sigmas,
            times,
            _address(work),
            _address(value),
            _address(variance),
            _address(kept),
        )
        return value, variance, kept

    def cubics(
        self,
        coefficients: NDArray[np.float64],
        cuts: NDArray[np.int64],
        t: NDArray[np.float64],
        out: Image,
    ) -> None:
        """Evaluate the cubics [rows, pieces, 4] at columns cuts[j]..cuts[j+1] of `out`."""
        rows, pieces, _ = coefficients.shape
        assert coefficients.flags.c_contiguous and cuts.dtype == np.int64
        self._cubics(
            rows, pieces, _address(coefficients), _address(cuts), _address(t), byref(_plane(out))
        )

    def akima_rows(
        self,
        nodes: NDArray[np.float64],
        values: NDArray[np.float64],
        cuts: NDArray[np.int64],
        t: NDArray[np.float64],
        out: Image,
    ) -> None:
        """Evaluate Akima curves through `values` [rows, nodes] like `cubics`."""
        rows, n = values.shape
        assert n >= 5 and values.flags.c_contiguous and values.dtype == np.float64
        h, work = np.diff(nodes), np.empty(5 * n + 8)
        self._akima_rows(
            rows,
            n,
            _address(h),
            _address(values),
            _address(cuts),
            _address(t),
            _address(work),
            byref(_plane(out)),
        )

    def products(self, left: NDArray[np.float64], right: NDArray[np.float64], out: Image) -> None:
        """Put left @ right into float32 `out`; sums go in the order of the terms."""
        assert left.flags.c_contiguous and right.flags.c_contiguous
        (rows, depth), columns = left.shape, right.shape[1]
        assert right.shape[0] == depth and out.shape == (rows, columns)
        self._products(rows, depth, columns, _address(left), _address(right), byref(_plane(out)))

    def finish(
        self, science: Image, difference: Image, background: Image, matched: Image | None
    ) -> tuple[int, float]:
        """Fill `matched`; return number and squares of finite difference - background."""
        squares = c_double()
        n = self._finish(
            *difference.shape,
            byref(_plane(science)),
            byref(_plane(difference)),
            byref(_plane(background)),
            byref(_plane(matched)),
            byref(squares),
        )
        return int(n), squares.value

    def block_mean(self, image: Image, step: int, out: Image, scratch: Scratch) -> None:
        """Put the means of step x step pixels into `out`; NaN where none is finite."""
        columns = image.shape[1]
        sums = scratch.array("sums", (columns,), np.float32)
        counts = scratch.array("counts", (columns,), np.int32)
        for row, line in enumerate(out):
            part = image[row * step : (row + 1) * step]
            self._block_mean(
                part.shape[0],
                columns,
                step,
                byref(_plane(part)),
                _address(sums),
                _address(counts),
                _address(line),
            )

    def colours(
        self, values: Image, low: float, high: float, table: NDArray[np.uint32]
    ) -> NDArray[np.uint32]:
        """Return the table's entry for every value: the first at `low`, the last at `high`."""
        assert values.flags.c_contiguous and table.flags.c_contiguous
        out = np.empty(values.shape, np.uint32)
        scale = len(table) / (high - low) if high > low else 0.0
        self._colours(
            values.size, _address(values), low, scale, len(table), _address(table), _address(out)
        )
        return out

    def swap(
        self, words: NDArray[np.uint32], out: NDArray[np.uint32] | None, *, sum_of_result: bool
    ) -> int:
        """Turn the bytes of words round, into `out` (if any); return their sum before or after."""
        assert words.flags.c_contiguous
        assert out is None or (out.flags.c_contiguous and words.size == out.size)
        to = None if out is None else _address(out)
        return int(self._swap(words.size, _address(words), to, sum_of_result))

    def unusable(self, image: Image, variance: Image) -> tuple[int, bool]:
        """Count finite values without positive finite variance; tell if any variance is not 0."""
        assert image.flags.c_contiguous and variance.flags.c_contiguous
        some = c_int64()
        count = self._unusable(image.size, _address(image), _address(variance), byref(some))
        return int(count), bool(some.value)


def _c_plan(plan: VariancePlan) -> _Plan:
    flat = [edge for bracket in plan.brackets for edge in bracket]
    return _Plan(plan.centre, (c_float * 2)(*plan.core), (c_float * 6)(*flat))


def library_path(folder: Path = _HERE) -> Path:
    """Return where the library lies if it was built."""
    return folder / _NAME


def load(folder: Path) -> Kernels | None:
    """Load the library of a folder; None when it cannot serve here."""
    try:
        library = ctypes.CDLL(os.fspath(library_path(folder)))
        library.bgv_source.restype = c_uint64
        # an old library beside newer source would give old numbers
        if library.bgv_source() != zlib.crc32((folder / "kernels.c").read_bytes()):
            return None
        variant = {1: "plain", 2: "avx2"}.get(library.bgv_variant())
    except (OSError, AttributeError):
        return None
    return Kernels(library, variant) if variant else None


@functools.cache
def kernels() -> Kernels | None:
    """Return the compiled loops; None when they were not built or are switched off."""
    return None if os.environ.get(SWITCH, "").lower() == "numpy" else load(_HERE)
