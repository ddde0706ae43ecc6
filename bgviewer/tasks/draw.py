"""The pictures of the three panels, made of a match or of a pair alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.exposure import Exposure
from bgviewer.engine.matching import Difference, MatchResult
from bgviewer.engine.progress import Progress
from bgviewer.io.units import squared
from bgviewer.tasks.extras import EXTRA_VIEWS, Extras
from bgviewer.tasks.levels import (
    Levels,
    centred_levels,
    model_levels,
    sample_levels,
    sky_levels,
)
from bgviewer.tasks.picture import Picture, Window, block_mean, block_planes, make_picture
from bgviewer.tasks.support import Support

__all__ = ["THIRD_VIEWS", "Draw", "Pictures", "Raw"]

THIRD_VIEWS = (
    "reference_minus_matched",
    "difference",
    "science",
    "reference",
    "matched",
    "mask",
    "variance",
    *EXTRA_VIEWS,
)
"""What the third panel can show."""

Averages = dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Pictures:
    """The three panels over one window, and the block averages they were made of."""

    model: Picture
    residuals: Picture
    third: Picture
    window: Window
    averages: Mapping[str, NDArray[Any]] = field(repr=False)


@dataclass
class Raw:
    """Draws what needs no match: the exposures, their difference, masks and variance."""

    reference: Exposure
    science: Exposure
    progress: Progress

    @property
    def unit(self) -> str:
        """Unit of the pixels, or an empty string."""
        return self.science.unit or ""

    def picture(
        self,
        kind: str,
        window: Window,
        difference: Difference,
        bad: tuple[str, ...],
        averages: Averages,
    ) -> Picture:
        """Draw one of `THIRD_VIEWS` that needs no model; averages made are kept in `averages`."""
        names = self._plane_names(bad)
        more: dict[str, Any] = {"unit": self.unit}
        colours = "sequential"
        values = self.average(kind, window, difference, names, averages)
        if kind == "mask":
            values, colours = values.astype(np.float32), "planes"
            levels = Levels(0.0, float(max(len(names), 1)))
            present = tuple(int(v) for v in np.unique(values) if v > 0)
            more = {"legend": names, "present": present}
            if not names:
                more["message"] = "These exposures have no mask planes."
        elif kind == "variance":
            levels = sample_levels(values)
            more["unit"] = squared(self.unit)
            if not np.isfinite(values).any():
                more["message"] = "These exposures have no variance plane."
        elif kind == "difference":
            levels = sample_levels(values)
        else:
            levels, colours = sky_levels(values), "sky"
        return make_picture(kind, values, window, difference.xy0, levels, colours, **more)

    def average(
        self,
        name: str,
        window: Window,
        difference: Difference,
        planes: tuple[str, ...],
        known: Averages,
    ) -> NDArray[Any]:
        """Return the block averages of a view, from `known` where they are there."""
        if name not in known:
            known[name] = self._average(name, window, difference, planes)
        return known[name]

    def _average(
        self, name: str, window: Window, difference: Difference, planes: tuple[str, ...]
    ) -> NDArray[Any]:
        pair = (self.reference, self.science)
        if name == "mask":
            return block_planes(pair, planes, window)
        if name == "difference":
            return block_mean(difference.values, window, self.progress)
        if name == "variance":
            variances = [v for e in pair if (v := e.true_variance) is not None]
            if len(variances) < 2:
                return np.full(window.shape, np.nan, np.float32)
            parts = [block_mean(p, window, self.progress) for p in variances]
            return np.asarray(parts[0] + parts[1])
        exposure = self.reference if name == "reference" else self.science
        return block_mean(exposure.image, window, self.progress)

    def _plane_names(self, bad: tuple[str, ...]) -> tuple[str, ...]:
        """The planes that may be set, those that make a pixel bad first."""
        present = dict(self.reference.planes or {}) | dict(self.science.planes or {})
        first = [n for n in bad if n in present]
        others = sorted((n for n in present if n not in first), key=lambda n: present[n])
        return tuple(first + others)


@dataclass
class Draw:
    """Draws the three panels of one match over any window.

    `floor` is the residual below which there is only rounding.
    """

    result: MatchResult
    raw: Raw
    third: str
    support: Support
    floor: float
    extras: Extras = field(default_factory=Extras)

    def over(self, window: Window, old: Pictures | None, last: MatchResult | None) -> Pictures:
        """Draw over `window`, taking what is still valid of `old`, a picture of `last`."""
        averages: Averages = {}
        if old is not None and last is not None and old.window == window:
            averages.update(old.averages)
            if last.difference.values is not self.result.difference.values:
                averages.pop("difference", None)
                averages.pop("mask", None)
            if last is self.result and old.third.kind == self.third:
                if self.third not in EXTRA_VIEWS:
                    return old
                return replace(old, third=self._extra(window))
        self.raw.progress.step()
        model = self.result.model.render(window.rows, window.columns, progress=self.raw.progress)
        pictures = (
            self._model(window, model),
            self._residuals(window),
            self._third(window, model, averages),
        )
        return Pictures(*pictures, window, averages)

    def _model(self, window: Window, model: NDArray[Any]) -> Picture:
        carried = self.support.supported(window.rows, window.columns)
        trusted = model[carried] if carried.any() else model
        levels = model_levels(trusted, self.result.cells.values)
        xy0, unit = self.result.difference.xy0, self.raw.unit
        return make_picture(
            "model", model, window, xy0, levels, "sequential", doubtful=~carried, unit=unit
        )

    def _residuals(self, window: Window) -> Picture:
        bins = self.result.bins
        size = self.result.config.bin_size
        ny, nx = self.raw.science.shape
        table = np.full((-(-ny // size), -(-nx // size)), np.nan, np.float32)
        residuals = np.asarray(bins.residuals)
        table[np.asarray(bins.bottom) // size, np.asarray(bins.left) // size] = residuals
        values = table[(window.rows // size)[:, None], (window.columns // size)[None, :]]
        levels = centred_levels(residuals, floor=self.floor)
        xy0, unit = self.result.difference.xy0, self.raw.unit
        return make_picture("residuals", values, window, xy0, levels, "diverging", unit=unit)

    def _extra(self, window: Window) -> Picture:
        xy0, unit = self.result.difference.xy0, self.raw.unit
        return self.extras.picture(self.third, window, xy0, unit, self.raw.progress)

    def _third(self, window: Window, model: NDArray[Any], averages: Averages) -> Picture:
        kind, difference = self.third, self.result.difference
        if kind in EXTRA_VIEWS:
            return self._extra(window)
        bad = self.result.config.bad_mask_planes
        with np.errstate(invalid="ignore", over="ignore"):
            if kind == "reference_minus_matched":
                values = self.raw.average("difference", window, difference, (), averages) - model
                levels, colours = centred_levels(values, floor=self.floor), "diverging"
            elif kind == "matched":
                values = self.raw.average("science", window, difference, (), averages) + model
                levels, colours = sky_levels(values), "sky"
            else:
                return self.raw.picture(kind, window, difference, bad, averages)
        unit = self.raw.unit
        return make_picture(kind, values, window, difference.xy0, levels, colours, unit=unit)
