"""Figures of a run as the field reports them, and the file ``metrics.json`` that holds them.

Of every exposure that was matched: noise of blank apertures and limiting surface brightness of the
difference and of the matched exposure, residual power against scale, the bin size on the sky and
beside the largest masked source.  Of the stack: noise and limit of the mean of its exposures.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.depth import (
    APERTURES,
    LOCAL,
    ScalePower,
    aperture_noise,
    largest_source,
    limiting_surface_brightness,
    pixel_sigma,
    power_by_scale,
)
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.masks import in_type_of
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.noise_expectations import CorrelatedNoise
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.rendering import render_rows
from bgviewer.engine.scratch import Scratch
from bgviewer.tasks.photometric_scale import PhotometricScale, surface_brightness

__all__ = [
    "METRICS_NAME",
    "SCHEMA",
    "CoaddMean",
    "Metric",
    "image_metrics",
    "match_metrics",
    "metrics_text",
    "sampled_rows",
]

METRICS_NAME = "metrics.json"
SCHEMA = 1
"""Grows when a name or its meaning changes."""
N_SIGMA, BOX = 3.0, 10.0
"""Of the limiting surface brightness: standard deviations, and side of the boxes in arcseconds."""
BOX_PIXELS = 50
"""Side of the boxes where the pixel scale is not known."""
_SAMPLED = 1024
_SAMPLE = 2 << 20
_BAND, _APART = 256, 256

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Metric:
    """One figure.

    Attributes
    ----------
    name : str
        Stable; the manual lists them.
    value : float
        NaN where it is not known.
    unit : str
    of : str
        "difference", "matched", "coadd" or "settings": what it is a figure of.
    note : str
        Why it is not known, or what it stands for instead.
    """

    name: str
    value: float
    unit: str
    of: str
    note: str = ""

    @property
    def as_json(self) -> dict[str, Any]:
        """The same for JSON; None where the value is not known."""
        out: dict[str, Any] = {
            "name": self.name,
            "of": self.of,
            "value": self.value if math.isfinite(self.value) else None,
            "unit": self.unit,
        }
        return out | ({"note": self.note} if self.note else {})


def image_metrics(
    values: Float32,
    of: str,
    scale: PhotometricScale,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> tuple[Metric, ...]:
    """Return the noise of blank apertures and the limiting surface brightness of an image.

    Parameters
    ----------
    values : float32 array [ny, nx]
        NaN where pixels are not blank.
    """
    unit = scale.unit or "pixel unit"
    sigma = pixel_sigma(values, progress, threads=threads)
    out = [Metric("pixel_sigma", sigma, unit, of)]
    for found in aperture_noise(values, APERTURES, progress, threads=threads):
        out.append(Metric(f"aperture_sigma_{found.side}px", found.sigma, unit, of))
    known = scale.arcsec is not None
    box = max(1, round(BOX / scale.arcsec)) if scale.arcsec is not None else BOX_PIXELS
    (found,) = aperture_noise(values, (box,), progress, threads=threads)
    told = f"{BOX:g}″ × {BOX:g}″" if known else f"{box} × {box} pixels (no pixel scale)"
    out.append(Metric("box_sigma", found.of_mean, f"{unit}/pixel", of, f"mean over {told}"))
    if scale.zero_point is not None and scale.arcsec is not None:
        limit = limiting_surface_brightness(
            sigma, scale.zero_point, scale.arcsec, n_sigma=N_SIGMA, side=BOX
        )
        measured = surface_brightness(N_SIGMA * found.of_mean, scale.zero_point, scale.arcsec)
        where = "mag/arcsec2"
        out.append(Metric("limiting_surface_brightness", limit, where, of, "from pixel_sigma"))
        out.append(Metric("limiting_surface_brightness_boxes", measured, where, of, "from boxes"))
        return tuple(out)
    why = f"{N_SIGMA:g} sigma in {told}; {scale.missing} unknown"
    limit = N_SIGMA * sigma / box
    out.append(Metric("limiting_surface_brightness", limit, f"{unit}/pixel", of, why))
    measured = N_SIGMA * found.of_mean
    out.append(Metric("limiting_surface_brightness_boxes", measured, f"{unit}/pixel", of, why))
    return tuple(out)


def match_metrics(
    result: MatchResult,
    scale: PhotometricScale | None = None,
    progress: Progress = SILENT,
    *,
    coadd: CoaddMean | None = None,
    scratch: Scratch | None = None,
    threads: int | None = None,
) -> tuple[Metric, ...]:
    """Return the figures of a match.

    Parameters
    ----------
    scale : PhotometricScale, optional
        Of the science exposure's pixels; read from it if omitted.
    coadd : CoaddMean, optional
        Gets the matched pixels.
    """
    scale = PhotometricScale.of(result.science) if scale is None else scale
    with np.errstate(all="ignore"):  # pixels may be anything
        return _match_metrics(result, scale, progress, coadd, scratch, threads)


def _match_metrics(
    result: MatchResult,
    scale: PhotometricScale,
    progress: Progress,
    coadd: CoaddMean | None,
    scratch: Scratch | None,
    threads: int | None,
) -> tuple[Metric, ...]:
    left = render_rows(result.model.rows(), progress, threads, scratch)
    np.subtract(result.difference.values, left, out=left)
    out = list(_size_metrics(result, scale))
    few = sampled_rows(left)
    out += image_metrics(few, "difference", scale, progress, threads=threads)
    unit = scale.unit or "pixel unit"
    correlated = CorrelatedNoise.measure(few, progress, threads=threads)
    out.append(Metric("noise_correlation", correlated.total, "", "difference"))
    sigma = next(m.value for m in out if m.name == "pixel_sigma")
    sigma = correlated.equivalent(sigma, LOCAL)
    for part in power_by_scale(left, progress, sigma=sigma, threads=threads):
        out += _power_metrics(part, unit)
    matched = sampled_rows(result.reference.image) - few
    out += image_metrics(matched, "matched", scale, progress, threads=threads)
    if coadd is not None:
        coadd.add(matched)
    return tuple(out)


def sampled_rows(values: NDArray[Any]) -> Float32:
    """Return bands of rows spread over a large image, apart by rows of NaN; a small one whole.

    About two million pixels tell the noise of apertures well enough, and each band is as high as
    several of them.
    """
    ny, nx = values.shape
    number = max(1, _SAMPLE // (nx * _BAND))
    if number * _BAND >= ny:
        return np.asarray(values, np.float32)
    apart = np.full((_APART, nx), np.nan, np.float32)
    parts: list[Float32] = []
    for k in range(number):
        middle = round((k + 0.5) * ny / number)
        parts += [values[middle - _BAND // 2 : middle + _BAND // 2], apart]
    return np.concatenate(parts[:-1])


def _power_metrics(part: ScalePower, unit: str) -> Iterable[Metric]:
    name = f"residual_rms_{part.low:.0f}_{part.high:.0f}px"
    note = f"wavelengths; noise of {math.sqrt(max(part.noise, 0.0)):.3g} taken off in quadrature"
    yield Metric(name, part.rms, unit, "difference", note)


def _size_metrics(result: MatchResult, scale: PhotometricScale) -> Iterable[Metric]:
    size = float(result.config.bin_size)
    yield Metric("bin_size", size, "pixel", "settings")
    arcsec = math.nan if scale.arcsec is None else size * scale.arcsec
    why = "no pixel scale" if scale.arcsec is None else ""
    yield Metric("bin_size_angle", arcsec, "arcsec", "settings", why)
    # every n-th row and column of a large image: its largest source is larger than that
    step = max(1, round(max(result.difference.shape) / _SAMPLED))
    good = np.isfinite(result.difference.values[::step, ::step])
    covered = _covered(result.reference, step) & _covered(result.science, step)
    largest = step * largest_source(good, covered)
    yield Metric("largest_masked_source", largest, "pixel", "settings")
    share = size / largest if largest > 0 else math.nan
    why = "" if largest > 0 else "no source is masked"
    yield Metric("bin_size_over_largest_masked_source", share, "", "settings", why)


def _covered(image: MaskedImage, step: int) -> NDArray[np.bool_]:
    seen = np.isfinite(image.image[::step, ::step])
    mask, bits = image.masked(("NO_DATA",))
    if mask is not None and bits:
        seen &= (mask[::step, ::step] & in_type_of(mask, bits)) == 0
    return np.asarray(seen)


class CoaddMean:
    """Mean of matched exposures of one extent, in sampled rows; exposures come one at a time.

    Parameters
    ----------
    shape : (int, int)
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._sum = np.zeros(shape, np.float32)
        self._count = np.zeros(shape, np.uint16)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, first: Float32) -> CoaddMean:
        """Begin with an exposure, NaN where pixels are not blank; others have its shape."""
        few = sampled_rows(first)
        found = cls((few.shape[0], few.shape[1]))
        found.add(few)
        return found

    def add(self, values: Float32) -> None:
        """Take the `sampled_rows` of an exposure, NaN where pixels are not blank."""
        known = np.isfinite(values)
        with self._lock, np.errstate(over="ignore", invalid="ignore"):
            np.add(self._sum, values, out=self._sum, where=known)
            self._count += known

    def metrics(self, scale: PhotometricScale) -> tuple[Metric, ...]:
        """Return the figures of the mean where as many exposures as anywhere are blank."""
        most = int(self._count.max(initial=0))
        if most < 2:
            return ()
        with np.errstate(all="ignore"):
            mean = np.where(self._count == most, self._sum / np.float32(most), np.float32(np.nan))
            count = Metric("exposures", float(most), "", "coadd", "in each pixel that counts")
            return (count, *image_metrics(mean, "coadd", scale))


def metrics_text(
    version: str,
    reference: str,
    exposures: Mapping[str, Sequence[Metric]],
    coadd: Sequence[Metric] = (),
    scales: Mapping[str, PhotometricScale] | None = None,
) -> str:
    """Return the text of ``metrics.json``.

    Parameters
    ----------
    version : str
        Of the program.
    reference : str
        Name of the reference.
    exposures : mapping of str to sequence of Metric
        By the exposure's name.
    coadd : sequence of Metric
    scales : mapping of str to PhotometricScale, optional
        By the exposure's name.
    """
    scales = scales or {}

    def entry(name: str, found: Sequence[Metric]) -> dict[str, Any]:
        scale = scales.get(name, PhotometricScale())
        return {
            "name": name,
            "zero_point": scale.zero_point,
            "pixel_scale": scale.arcsec,
            "metrics": [m.as_json for m in found],
        }

    content = {
        "program": "bgviewer",
        "version": version,
        "schema": SCHEMA,
        "reference": reference,
        "exposures": [entry(name, found) for name, found in exposures.items()],
        "coadd": [m.as_json for m in coadd],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
