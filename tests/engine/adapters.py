"""One face for engine and twin, so that both are held to the same expectations."""

from __future__ import annotations

import functools
from types import SimpleNamespace

import numpy as np

import bgviewer
from bgviewer.engine.chebyshev import ChebyshevModel
from bgviewer.engine.exposure import CANONICAL_PLANES
from bgviewer.engine.matching import form_cells, match_images
from bgviewer.engine.spline import SplineModel, interpolate
from bgviewer.engine.statistics import describe

from . import twin
from .twin_models import Polynomial, Surface, curve, read_curve, render
from .twin_numbers import Trouble, make_grid
from .twin_numbers import describe as describe_slowly

# Situation of the original -> classes of which one must come (a subclass will do).
CLASSES = {
    "abscissae_not_increasing": "UndersampledError FitError ConfigError",
    "all_costs_nan": "NoReferenceError",
    "bad_order": "ConfigError",
    "bin_size_exceeds_short_side": "ConfigError UndersampledError",
    "division_by_zero": "ConfigError",
    "empty_cell": "ConfigError UndersampledError",
    "empty_line": "UndersampledError FitError NoOverlapError",
    "increase_not_supported": "ConfigError UndersampledError NoOverlapError",
    "insufficient_coverage": "UndersampledError",
    "no_candidates": "NoReferenceError",
    "no_exposures": "NoReferenceError",
    "no_overlap": "NoOverlapError",
    "no_points": "UndersampledError FitError",
    "no_valid_points": "FitError NoOverlapError",
    "non_positive_clip_parameter": "ConfigError",
    "non_positive_samples": "ConfigError UndersampledError",
    "order_exceeds_points": "ConfigError UndersampledError",
    "shape_mismatch": "ShapeMismatchError",
    "too_few_cells_for_style": "UndersampledError FitError",
    "too_few_points": "UndersampledError FitError",
    "too_few_valid_points_on_line": "UndersampledError FitError NoOverlapError",
    "unknown_interp_style": "ConfigError",
}
SAME_TROUBLE = {"too_few_points": "too_few_valid_points_on_line", "no_points": "empty_line"}


def masked_image(planes, xy0=(0, 0)):
    """Planes as the engine wants them; bits are the classical ones."""
    return bgviewer.MaskedImage(
        image=planes["image"],
        mask=planes.get("mask"),
        variance=planes.get("variance"),
        planes=CANONICAL_PLANES,
        xy0=xy0,
    )


class Engine:
    """The real thing."""

    failures = bgviewer.BgviewerError

    @staticmethod
    def assert_failure(error, kind):
        names = CLASSES[kind].split()
        classes = tuple(getattr(bgviewer, name) for name in names)
        assert isinstance(error, classes), f"{kind}: {type(error).__name__}({error})"
        assert len(str(error)) > 15, "an error says what is wrong in a sentence"

    describe = staticmethod(describe)
    interpolate = staticmethod(interpolate)

    @staticmethod
    def grid(planes, bits, nx, ny, statistic, k, passes, xy0):
        good = (planes["mask"] & bits == 0) & np.isfinite(planes["image"])
        values = np.where(good, planes["image"], np.float32(np.nan))
        return form_cells(values, nx, ny, statistic, k, passes, xy0=xy0)

    @staticmethod
    def centres(grid, _xy0):
        return grid

    @staticmethod
    def spline(grid, style, undersample, shape):
        model = SplineModel.fit(grid, style, undersample, shape)
        return model.style, lambda rows, cols: model.render(y=rows, x=cols)

    @staticmethod
    def polynomial(grid, order, weighting, shape):
        model = ChebyshevModel.fit(grid, order, weighting, shape)
        return lambda rows, cols: model.render(y=rows, x=cols)

    @staticmethod
    def match(ref, sci, config, xy0=(0, 0)):
        config = bgviewer.MatchConfig.from_lsst(config)
        return found_by_engine(match_images(masked_image(ref, xy0), masked_image(sci, xy0), config))


class Twin:
    """The slow twin."""

    failures = Trouble

    @staticmethod
    def assert_failure(error, kind):
        assert error.kind == SAME_TROUBLE.get(kind, kind)

    describe = staticmethod(describe_slowly)

    @staticmethod
    def interpolate(style, x, y, at):
        pieces = curve(style, list(x), list(y))
        return np.array([read_curve(pieces, t) for t in at])

    @staticmethod
    def grid(planes, bits, nx, ny, statistic, k, passes, _xy0):
        return make_grid(planes["image"], planes["mask"], bits, nx, ny, statistic, k, passes)

    @staticmethod
    def centres(grid, xy0):
        return SimpleNamespace(
            values=np.array(grid.values, np.float32),
            errors=np.array(grid.errors, np.float32),
            x=[v + xy0[0] for v in grid.x],
            y=[v + xy0[1] for v in grid.y],
        )

    @staticmethod
    def spline(grid, style, undersample, _shape):
        model = Surface(grid, style, undersample)
        return model.style, functools.partial(render, model)

    @staticmethod
    def polynomial(grid, order, weighting, _shape):
        return functools.partial(render, Polynomial(grid, order, weighting))

    @staticmethod
    def match(ref, sci, config, xy0=(0, 0)):
        return found_by_twin(twin.match(ref, sci, config, xy0), xy0)


def found_by_engine(result):
    """What the engine reports about a pair."""
    return SimpleNamespace(
        values=result.cells.values,
        errors=result.cells.errors,
        x=result.cells.x,
        y=result.cells.y,
        bin_x=result.bins.x,
        bin_y=result.bins.y,
        bin_values=result.bins.values,
        bin_errors=result.bins.errors,
        bin_model=result.bins.model,
        render=lambda rows, cols: result.model.render(y=rows, x=cols),
        full=result.model.render,
        style=result.used_interp_style,
        order=result.used_order,
        weighted=result.used_weighting,
        adjusted=bool(result.adjustments),
        fit_rms=result.fit_rms,
        matched_mse=result.matched_mse,
        diff_im_var=result.diff_im_var,
    )


def found_by_twin(m, xy0):
    """What the twin reports about a pair."""
    centres = Twin.centres(m.grid, xy0)
    return SimpleNamespace(
        **vars(centres),
        bin_x=m.bins.x,
        bin_y=m.bins.y,
        bin_values=m.bins.values,
        bin_errors=m.bins.errors,
        bin_model=m.bin_model,
        render=lambda rows, cols: m.image[np.ix_(rows, cols)],
        full=lambda: m.image,
        style=m.style,
        order=m.order,
        weighted=m.weighted,
        adjusted=True,  # the twin keeps no such record
        fit_rms=m.fit_rms,
        matched_mse=m.matched_mse,
        diff_im_var=m.diff_im_var,
    )
