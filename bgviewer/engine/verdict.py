"""The verdict: one judgement of a match, on a yardstick that no setting moves.

The image is cut into small fixed tiles (`bgviewer.engine.holdout`).  What the model leaves in them
is compared, at several smoothings, with what noise of the tiles would leave when the same fit is
made of it.  What is left beyond that is error of the model; where tiles cannot be judged (masked
holes, borders of the data) the error is estimated from how loosely the fit determines the model
there and from how far it goes beyond everything that was seen.

The verdict is "good" unless the error is both significant and larger than noise explains; "bad"
where it can be seen by eye; and "check" between the two and where too little can be judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.engine.chebyshev import FitSystem, products
from bgviewer.engine.chebyshev import along as terms_along
from bgviewer.engine.holdout import Yardstick, lay_yardstick
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.probes import refitted
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import NoOverlapError

__all__ = [
    "STATES",
    "ModelError",
    "Verdict",
    "estimate_error",
    "failed_verdict",
    "judge",
    "judge_error",
    "not_judged",
    "tile_residuals",
    "worst_of",
]

Array = NDArray[np.float64]
Edges = NDArray[np.intp]

STATES = ("good", "check", "bad")
"""From best to worst."""
_SIGNS = {"good": "✓", "check": "▲", "bad": "✕"}

SIGNIFICANT = 4.0
"""Standard deviations of noise runs beyond which what is left is not noise."""
USABLE = 2.0
"""Times the expected error up to which the model's error is of no account."""
VISIBLE = 2.5
"""Times the noise of a tile at which what is left locally is seen by eye."""
RUNAWAY = 0.5
"""Times the span of all that was measured by which a model that goes beyond it runs away."""
FULL_OVERLAP = 0.6
"""Share of the exposure's good pixels on good ones of the reference below which one looks."""
MOST_HIDDEN = 0.25
"""Share of the covered area that may be hidden from judgement, where the fit is loose there."""
LEAST_JUDGED = 0.4
"""Share of the covered area that must be judged for a match to be good."""
LOOSE = 3.0
"""Times the expected error of the judged tiles from which the fit is called loose."""

_DRAWS, _SMOOTH_DRAWS = 24, 12  # noise runs; those of a P-spline take longer
_SEED = 1706
_WIDTHS = (0.7, 2.0, 5.0)  # tiles: standard deviations of the Gaussians that smooth residuals
_LOCAL_WIDTH = 2.0  # that which local errors are read from
_FWHM = 2.0 * math.sqrt(2.0 * math.log(2.0))
_LOCAL = 0.99  # quantile of the judged tiles that is the local error
_POINT = 6.635  # the 99 % point of chi square with one degree of freedom
_FOREIGN, _UNSHARED, _WINDOW = 6.0, 2 / 3, 3
_TO_SIGMA = 1.4826
_HIDDEN_STEP = 4  # every n-th row and column tells whether a tile is covered


@dataclass(frozen=True)
class ModelError:
    """What is known of a model's error; in the pixel unit.

    Attributes
    ----------
    worst : float
        Error in the worst hundredth of the judged area: `local` and `expected` in quadrature, but
        at least `rms`.
    rms : float
        Estimated rms of model - true difference over the covered area.
    expected : float
        What it would be if only noise entered the fit, over the same area.
    judged, hidden : float
        The same rms over the tiles that can be judged, and over those that cannot; NaN without.
    judged_expected, hidden_expected : float
        What noise alone gives over either.
    hidden_share : float
        Share of the covered area that cannot be judged.
    overshoot : float
        How far the model goes in hidden tiles beyond the values of all judged tiles.
    span : float
        Of those values.
    significance : float
        Standard deviations by which what is left exceeds the noise runs, at the scale where it
        does most.
    scale : int
        That scale: full width of the Gaussian that smooths the residuals, in pixels.
    local : float
        What is left locally: the 99 % point of the smoothed residuals' amount, noise taken off.
    noise : float
        Root mean square of the tiles' noise.
    tile : int
        Side of the tiles in pixels.
    n_judged : int
    n_foreign : int
        Tiles that were left out because they are unlike their neighbours (trails, ghosts).
    """

    worst: float
    rms: float
    expected: float
    judged: float
    hidden: float
    judged_expected: float
    hidden_expected: float
    hidden_share: float
    overshoot: float
    span: float
    significance: float
    scale: int
    local: float
    noise: float
    tile: int
    n_judged: int
    n_foreign: int


@dataclass(frozen=True)
class Verdict:
    """The one judgement of a match.

    Attributes
    ----------
    state : {"good", "check", "bad"}
    reason : str
        One sentence of why.
    advice : str
        One sentence of what to do; empty where there is nothing to be done.
    number : float
        Error of the model in the worst hundredth of the area, estimated from residuals smoothed
        over about 75 pixels, in the pixel unit; NaN where it is not known.
    expected : float
        Error (rms) that noise alone gives.
    word : str
        The reason in a word or two, for tables.
    """

    state: str
    reason: str
    advice: str = ""
    number: float = math.nan
    expected: float = math.nan
    word: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the state is "good"."""
        return self.state == "good"

    @property
    def rank(self) -> int:
        """0 = good, 1 = check, 2 = bad."""
        return STATES.index(self.state)

    @property
    def sign(self) -> str:
        """✓, ▲ or ✕."""
        return _SIGNS[self.state]

    @property
    def order(self) -> tuple[int, float]:
        """Key by which matches are sorted, the worst being the largest."""
        return self.rank, math.inf if math.isnan(self.number) else self.number

    @property
    def text(self) -> str:
        """State and reason."""
        return f"{self.state}: {self.reason}"


def worst_of(verdicts: Any) -> Verdict | None:
    """Return the worst of some verdicts (None among them are passed over); None of none."""
    known = [v for v in verdicts if v is not None]
    return max(known, key=lambda v: v.order) if known else None


def failed_verdict(reason: str) -> Verdict:
    """Return the verdict of an exposure that has failed."""
    return Verdict("bad", f"Failed: {reason.rstrip('.')}.", word="failed")


def not_judged(reason: str) -> Verdict:
    """Return the verdict of a match that nothing can be said of."""
    return Verdict(
        "check",
        f"The match cannot be judged: {reason.rstrip('.')}.",
        "Look at the difference image before you use it.",
        word="not judged",
    )


def judge(
    result: MatchResult,
    *,
    overlap: float | None = None,
    unit: str = "",
    yardstick: Yardstick | None = None,
    progress: Progress = SILENT,
    threads: int | None = None,
) -> Verdict:
    """Judge a match.

    Parameters
    ----------
    overlap : float, optional
        Share of the exposure's good pixels that lie on good pixels of the reference.
    unit : str
        Pixel unit, for the sentences.
    yardstick : Yardstick, optional
        That of `result.difference`, if it has been laid.

    Examples
    --------
    >>> import numpy as np
    >>> from bgviewer import MaskedImage, MatchConfig, match_backgrounds
    >>> rng = np.random.default_rng(1)
    >>> a, b = (MaskedImage(rng.normal(100, 5, (256, 256)).astype("f4")) for _ in "ab")
    >>> judge(match_backgrounds(a, b, MatchConfig(bin_size=64))).state
    'good'
    """
    if result.model.is_empty:
        return failed_verdict("no cell has a good pixel in both exposures")
    try:
        if yardstick is None:
            yardstick = lay_yardstick(result.difference, progress=progress, threads=threads)
        error = estimate_error(result, yardstick, progress, threads=threads)
    except NoOverlapError as reason:
        return not_judged(str(reason))
    return judge_error(error, overlap=overlap, unit=unit)


def judge_error(error: ModelError, *, overlap: float | None = None, unit: str = "") -> Verdict:
    """Turn what is known of a model's error into the verdict."""

    def in_unit(value: float) -> str:
        return f"{value:.3g} {unit}".rstrip()

    def told(state: str, word: str, reason: str, advice: str) -> Verdict:
        return Verdict(state, reason, advice, error.worst, error.expected, word)

    if not math.isfinite(error.rms):
        return not_judged("the model has no value in the tiles that judge it")
    significant = error.significance >= SIGNIFICANT
    wrong = f"{in_unit(error.rms)} rms, {_times(error.rms, error.expected)} what noise explains"
    if error.overshoot > max(VISIBLE * error.noise, RUNAWAY * error.span):
        return told(
            "bad",
            "overshoot",
            f"Where pixels are masked the model goes {in_unit(error.overshoot)} beyond "
            "everything that was measured.",
            "Use a lower order, LINEAR or the P-spline, or mask less.",
        )
    if significant and error.local > VISIBLE * error.noise:
        return told(
            "bad",
            "structure left",
            "The match leaves structure that can be seen in the difference: "
            f"{in_unit(error.worst)} in the worst hundredth of the area ({wrong}).",
            "Let the model follow more: a smaller binSize, a higher order or the P-spline; the "
            "sweep finds which.",
        )
    if significant and error.judged > USABLE * error.expected:
        return told(
            "check",
            "structure left",
            f"The model is wrong by about {wrong}, most clearly at scales of {error.scale} pixels; "
            f"{in_unit(error.worst)} in the worst hundredth of the area.",
            "Look at the smoothed residual; a smaller binSize, a higher order or the P-spline may "
            "follow it.",
        )
    if error.hidden > LOOSE * error.judged and error.rms > USABLE * error.judged:
        return told(
            "check",
            "continued",
            f"In {100 * error.hidden_share:.0f} % of the area the model is only continued and may "
            f"be wrong by {in_unit(error.hidden)} there.",
            "Use a lower order or the P-spline, or mask less.",
        )
    loose = error.hidden_expected > LOOSE * error.judged_expected
    if error.hidden_share > 1 - LEAST_JUDGED or (error.hidden_share > MOST_HIDDEN and loose):
        return told(
            "check",
            "hidden",
            f"{100 * error.hidden_share:.0f} % of the area cannot be judged for want of good pixels"
            + (", and the fit hardly determines the model there." if loose else "."),
            "Mask less, or choose a reference that covers more.",
        )
    if overlap is not None and not math.isnan(overlap) and overlap < FULL_OVERLAP:
        return told(
            "check",
            "overlap",
            f"Only {100 * overlap:.0f} % of the good pixels lie on good pixels of the reference; "
            "over the rest the model is continued.",
            "Choose a reference that covers more.",
        )
    about = "below about" if not significant else "about"
    return told(
        "good",
        "",
        f"{'Little' if significant else 'No'} more is left than noise explains: the model's error "
        f"is {about} {in_unit(error.rms)} rms.",
        "",
    )


def _times(value: float, expected: float) -> str:
    return f"{value / expected:.2g} times" if expected > 0 else "many times"


def estimate_error(
    result: MatchResult,
    yardstick: Yardstick,
    progress: Progress = SILENT,
    *,
    draws: int | None = None,
    threads: int | None = None,
) -> ModelError:
    """Estimate how wrong the model is, and how wrong noise alone would make it.

    The same draws every time, so that the same match has the same figures.
    """
    draws = draws or (_DRAWS if result.fit.smooth is None else _SMOOTH_DRAWS)
    residual, model = tile_residuals(result, yardstick, progress, threads=threads)
    foreign = _unlike_neighbours(residual, yardstick.errors)
    weights = np.where(np.isfinite(residual) & ~foreign, yardstick.weights, 0.0)
    on = weights > 0
    residual = np.where(on, residual, 0.0)
    if np.count_nonzero(on) < 2:
        raise NoOverlapError("too few tiles can be judged")
    surfaces, left = _noise_runs(result, yardstick, draws, progress)
    left = np.where(on, left, 0.0)

    scale, bias, significance, local = _excess(residual, left, weights, yardstick)
    variance = np.mean(surfaces * surfaces, axis=0)
    expected2 = float(np.average(variance[on], weights=weights[on]))
    covered = _covered_share(result, yardstick)
    judged2 = bias + expected2
    area = np.where(on, covered, 0.0).sum()
    dark = np.where(on, 0.0, covered)
    share = float(dark.sum() / (dark.sum() + area)) if dark.any() else 0.0
    hidden2, hidden_expected2, overshoot = math.nan, math.nan, 0.0
    total2, total_expected2 = judged2, expected2
    if share > 0:
        beyond = _beyond(model, yardstick, on)
        looser = judged2 / expected2 if expected2 > 0 else 1.0
        hidden_expected2 = float(np.average(variance, weights=dark))
        wrong2 = np.maximum(looser * variance, beyond * beyond)
        hidden2 = float(np.average(wrong2, weights=dark))
        overshoot = float(beyond[dark > 0].max())
        total2 = share * hidden2 + (1 - share) * judged2
        total_expected2 = share * hidden_expected2 + (1 - share) * expected2
    local2 = _quantile(local, weights, _LOCAL)
    values = yardstick.values[on]
    return ModelError(
        math.sqrt(max(local2 + total_expected2, total2)),
        math.sqrt(total2),
        math.sqrt(total_expected2),
        math.sqrt(judged2),
        math.sqrt(hidden2),
        math.sqrt(expected2),
        math.sqrt(hidden_expected2),
        share,
        overshoot,
        float(values.max() - values.min()),
        significance,
        scale,
        math.sqrt(local2),
        math.sqrt(float(np.average(yardstick.errors[on] ** 2, weights=weights[on]))),
        yardstick.tile,
        int(np.count_nonzero(on)),
        yardstick.n_foreign + int(np.count_nonzero(foreign & yardstick.judged)),
    )


def tile_residuals(
    result: MatchResult,
    yardstick: Yardstick,
    progress: Progress = SILENT,
    *,
    threads: int | None = None,
) -> tuple[Array, Array]:
    """Return what the model leaves in every tile, and the model there.

    The model is taken as its mean over the tile, brought to the centroid of the tile's good pixels
    along its slope there: masks on a slope leave nothing.

    Returns
    -------
    residuals, model : ndarray float64 [ty, tx]
        Residuals are NaN where a tile has no value.
    """
    y_edges, x_edges = yardstick.y_edges, yardstick.x_edges
    at_y, away_y = _pairs(y_edges)
    at_x, away_x = _pairs(x_edges)
    at = result.model.render(y=at_y, x=at_x, progress=progress, threads=threads)
    corners = at.astype(np.float64)
    low, high = corners[::2], corners[1::2]
    mean = 0.25 * (low[:, ::2] + low[:, 1::2] + high[:, ::2] + high[:, 1::2])
    with np.errstate(invalid="ignore", divide="ignore"):
        slope_y = (high[:, ::2] + high[:, 1::2] - low[:, ::2] - low[:, 1::2]) / (
            4.0 * away_y[:, None]
        )
        slope_x = (low[:, 1::2] + high[:, 1::2] - low[:, ::2] - high[:, ::2]) / (4.0 * away_x)
        dy, dx = yardstick.dy, yardstick.dx
        shift = np.where(dy != 0, dy * slope_y, 0.0) + np.where(dx != 0, dx * slope_x, 0.0)
    return yardstick.values - (mean + shift), mean


def _pairs(edges: Edges) -> tuple[Array, Array]:
    """Return two positions per block whose mean is that over its pixels, and their distance."""
    width = np.diff(edges).astype(np.float64)
    middle = edges[:-1] + 0.5 * (width - 1)
    away = np.sqrt((width * width - 1) / 12.0)
    return np.stack([middle - away, middle + away], axis=1).ravel(), away


def _unlike_neighbours(residual: Array, errors: Array) -> NDArray[np.bool_]:
    """Tell tiles that differ from the median around them far more than most do.

    Most of what is left there must be its own, so that the ridge of a ghost or an arc that the
    model has missed is none.  A trail or a source that only one exposure has is no error of the
    model.
    """
    half = _WINDOW // 2
    ny, nx = residual.shape
    padded = np.pad(residual, half, constant_values=np.nan)
    around = np.sort(
        np.stack([padded[j : j + ny, i : i + nx] for j in range(_WINDOW) for i in range(_WINDOW)]),
        axis=0,
    )
    count = np.count_nonzero(np.isfinite(around), axis=0)
    middle = np.maximum(count - 1, 0) // 2
    median = np.take_along_axis(around, middle[None], axis=0)[0]
    with np.errstate(invalid="ignore"):
        apart = np.abs(residual - median)
        known = np.isfinite(apart)
        if not known.any():
            return np.zeros(residual.shape, dtype=bool)
        usual = _TO_SIGMA * float(np.median(apart[known]))
        alone = apart > _UNSHARED * np.abs(residual)
        return np.asarray(known & alone & (apart > _FOREIGN * np.maximum(usual, errors)))


def _smoothed(values: Array, weights: Array, width: float) -> Array:
    """Return weighted means over a Gaussian of `width` tiles, 0 where a tile does not count.

    Parameters
    ----------
    values : ndarray float64 [..., ty, tx]
    weights : ndarray float64 [ty, tx]
    """
    from scipy.ndimage import gaussian_filter  # late: nothing waits for it but a verdict

    along = (0.0,) * (values.ndim - 2) + (width, width)
    share = gaussian_filter(weights, width, mode="constant", truncate=3.0)
    part = gaussian_filter(values * weights, along, mode="constant", truncate=3.0)
    counts = np.broadcast_to(weights > 0, part.shape)
    return np.divide(part, share, out=np.zeros_like(part), where=counts)


def _excess(
    residual: Array, left: Array, weights: Array, yardstick: Yardstick
) -> tuple[int, float, float, Array]:
    """Compare mean squares of smoothed residuals with those of the noise runs.

    Returns
    -------
    scale : int
        Full width at half maximum, in pixels, at which residuals exceed noise most significantly.
    bias : float
        Square of what they exceed it by, at the smoothing that bounds it best from below; shrunk
        towards 0 by its own uncertainty.
    significance : float
        Of cube roots, which make sums of squares nearly normal (Wilson and Hilferty 1931).
    local : ndarray float64 [ty, tx]
        Squares of residuals at the smoothing `_LOCAL_WIDTH`, what noise adds to those in the worst
        hundredth of the tiles taken off.
    """
    relative = yardstick.noise_factor_error / max(yardstick.noise_factor, 1.0)
    best, best_width, bias, bound = -math.inf, _WIDTHS[0], 0.0, -math.inf
    local = np.zeros_like(residual)
    for width in _WIDTHS:
        smooth = _smoothed(residual, weights, width) ** 2
        observed = float(np.average(smooth, weights=weights))
        squares = _smoothed(left, weights, width) ** 2
        noise = (squares * weights).sum(axis=(1, 2)) / weights.sum()
        mean, roots = float(noise.mean()), np.cbrt(noise)
        spread = math.hypot(float(roots.std(ddof=1)), float(roots.mean()) * relative / 3.0)
        apart = float(np.cbrt(observed) - roots.mean())
        pulls = apart / spread if spread > 0 else (math.inf if apart > 0 else 0.0)
        if pulls > best:
            best, best_width = pulls, width
        error = math.hypot(float(noise.std(ddof=1)), mean * relative)
        excess = observed - mean
        if excess - error > bound:
            bound = excess - error
            bias = max(excess - error * error / excess, 0.0) if excess > 0 else 0.0
        if width == _LOCAL_WIDTH:
            local = np.maximum(smooth - _POINT * mean, 0.0)
    return round(_FWHM * best_width * yardstick.tile), bias, best, local


def _quantile(values: Array, weights: Array, share: float) -> float:
    """Return the value that this share of the weight does not exceed."""
    order = np.argsort(values, axis=None)
    total = np.cumsum(weights.ravel()[order])
    at = min(int(np.searchsorted(total, share * total[-1])), len(order) - 1)
    return float(values.ravel()[order[at]])


def _covered_share(result: MatchResult, yardstick: Yardstick) -> Array:
    """Return the share of every tile that both exposures cover, masked or not."""
    step = _HIDDEN_STEP
    covered: NDArray[np.bool_] | None = None
    for exposure in (result.reference, result.science):
        seen = np.isfinite(exposure.image[::step, ::step])
        if exposure.mask is not None and "NO_DATA" in (exposure.planes or {}):
            seen &= (exposure.mask[::step, ::step] & exposure.bits(("NO_DATA",))) == 0
        covered = seen if covered is None else covered & seen
    assert covered is not None
    rows, columns = (-(-e[:-1] // step) for e in (yardstick.y_edges, yardstick.x_edges))
    rows, columns = (
        np.minimum(a, n - 1) for a, n in zip((rows, columns), covered.shape, strict=True)
    )
    number = covered.astype(np.float64)
    return _sums(number, (rows, columns)) / _sums(np.ones_like(number), (rows, columns))


def _beyond(model: Array, yardstick: Yardstick, on: NDArray[np.bool_]) -> Array:
    """Return how far the model lies in each tile beyond all that judged tiles span."""
    low, high = float(yardstick.values[on].min()), float(yardstick.values[on].max())
    return np.maximum(np.nan_to_num(np.maximum(model - high, low - model)), 0.0)


def _noise_runs(
    result: MatchResult, yardstick: Yardstick, draws: int, progress: Progress
) -> tuple[Array, Array]:
    """Draw noise of the tiles' errors and fit it as the match did.

    Returns
    -------
    surfaces, left : ndarray float64 [draws, ty, tx]
        The model made of noise in every tile, and noise - model where a tile is known.
    """
    pieces = _Pieces.of(result, yardstick)
    rng = np.random.default_rng(_SEED)
    noise = pieces.sigma * rng.standard_normal((draws, *pieces.sigma.shape))
    carriers, tiles = pieces.carriers(noise), pieces.tiles(noise)
    del noise
    progress.step()
    if pieces.looser > 0:
        more = pieces.looser * pieces.carrier_errors
        carriers += more * rng.standard_normal(carriers.shape)
    tiles += pieces.margin_errors * rng.standard_normal(tiles.shape)
    surfaces = _fitter(result, yardstick, progress)(carriers)
    return surfaces, tiles - surfaces


def _fitter(
    result: MatchResult, yardstick: Yardstick, progress: Progress
) -> Callable[[Array], Array]:
    """Return what makes models in the tiles [draws, ty, tx] of noise in the carriers."""
    at_y, at_x = _pairs(yardstick.y_edges)[0], _pairs(yardstick.x_edges)[0]

    def tile_means(at: Array) -> Array:
        rows = at[..., ::2, :] + at[..., 1::2, :]
        return np.asarray(0.25 * (rows[..., ::2] + rows[..., 1::2]))

    smooth = result.fit.smooth
    if smooth is not None:
        system = smooth.system

        def by_tiles(noise: Array) -> Array:
            amplitudes = system.noise_solutions(smooth.smoothing, noise, progress)
            return tile_means(system.surfaces(amplitudes, at_y, at_x))

        return by_tiles
    if result.used_order is not None:
        order, shape = result.used_order, result.difference.shape
        system_ = FitSystem.of(
            result.cells,
            order,
            bool(result.used_weighting),
            shape,
            inverse_variance=result.config.inverse_variance_weighting,
        )
        inverse = np.linalg.pinv(system_.matrix, hermitian=True) @ system_.weighted.T
        along_y, along_x = (
            0.5 * (a[::2] + a[1::2])
            for a in (terms_along(order, n, at) for n, at in zip(shape, (at_y, at_x), strict=True))
        )
        terms = products(order, along_y, along_x)

        def by_polynomial(noise: Array) -> Array:
            coefficients = noise[:, system_.usable] @ inverse.T
            return np.asarray(np.moveaxis(terms @ coefficients.T, -1, 0))

        return by_polynomial

    values = result.cells.values.astype(np.float64)
    own = tile_means(result.model.render(y=at_y, x=at_x).astype(np.float64))

    def by_spline(noise: Array) -> Array:
        made = []
        for draw in noise:
            progress.step()
            changed = refitted(result, values + draw).render(y=at_y, x=at_x).astype(np.float64)
            made.append(tile_means(changed) - own)
        return np.stack(made)

    return by_spline


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Common refinement of the tiles and of what carries the fit: its noise serves both.

    The good pixels of a tile are taken to be spread evenly over it.

    Attributes
    ----------
    sigma, counts : ndarray float64
        Noise of the mean of each piece, and its good pixels.
    tile_starts, carrier_starts : pairs of ndarray of int
    margin_errors : ndarray float64 [ty, tx]
        What leaving out the margins adds to the noise of a tile.
    carrier_errors : ndarray float64
        Noise of the mean of every carrier.
    looser : float
        What the statistic of the cells adds to it, in units of it.
    """

    sigma: Array
    counts: Array
    tile_starts: tuple[Edges, Edges]
    carrier_starts: tuple[Edges, Edges]
    margin_errors: Array
    carrier_errors: Array
    looser: float

    @classmethod
    def of(cls, result: MatchResult, yardstick: Yardstick) -> _Pieces:
        carriers = result.carriers
        edges = (yardstick.y_edges, yardstick.x_edges)
        known = np.isfinite(yardstick.errors) & (yardstick.counts > 0)
        pixel = yardstick.errors * np.sqrt(np.maximum(yardstick.counts, 1))
        usual = float(np.median(pixel[known])) if known.any() else 0.0
        pixel = np.where(known, pixel, usual)
        y = np.union1d(edges[0], carriers.y_edges)
        x = np.union1d(edges[1], carriers.x_edges)
        row = np.searchsorted(edges[0], y[:-1], side="right") - 1
        column = np.searchsorted(edges[1], x[:-1], side="right") - 1
        part = np.diff(y)[:, None] * np.diff(x)[None, :]
        whole = np.diff(edges[0])[:, None] * np.diff(edges[1])[None, :]
        full = yardstick.counts / yardstick.inner_share
        counts = part * (full / whole)[np.ix_(row, column)]
        with np.errstate(divide="ignore", invalid="ignore"):
            sigma = np.where(counts > 0, pixel[np.ix_(row, column)] / np.sqrt(counts), 0.0)
            margins = np.where(
                known, np.sqrt(max(1 - yardstick.inner_share, 0.0)) * yardstick.errors, 0.0
            )
        tile_starts = (np.searchsorted(y, edges[0][:-1]), np.searchsorted(x, edges[1][:-1]))
        carrier_starts = (
            np.searchsorted(y, carriers.y_edges[:-1]),
            np.searchsorted(x, carriers.x_edges[:-1]),
        )
        total = _sums(counts, carrier_starts)
        square = _sums((counts * sigma) ** 2, carrier_starts)
        carrier_errors = np.divide(
            np.sqrt(square), total, out=np.zeros_like(total), where=total > 0
        )
        median = result.fit.smooth is None and result.config.grid_statistic == "MEDIAN"
        looser = math.sqrt(0.5 * math.pi - 1.0) if median else 0.0
        return cls(sigma, counts, tile_starts, carrier_starts, margins, carrier_errors, looser)

    def tiles(self, noise: Array) -> Array:
        return self._means(noise, self.tile_starts)

    def carriers(self, noise: Array) -> Array:
        return self._means(noise, self.carrier_starts)

    def _means(self, noise: Array, starts: tuple[Edges, Edges]) -> Array:
        total, count = _sums(noise * self.counts, starts), _sums(self.counts, starts)
        return np.divide(total, count, out=np.zeros_like(total), where=count > 0)


def _sums(values: Array, starts: tuple[Edges, Edges]) -> Array:
    return np.asarray(
        np.add.reduceat(np.add.reduceat(values, starts[1], axis=-1), starts[0], axis=-2)
    )
