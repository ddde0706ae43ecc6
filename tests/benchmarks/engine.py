"""Engine: whole matches, refits, measuring, growth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import sep

from bgviewer import MatchConfig, match_backgrounds, measure_exposure
from bgviewer.engine.matching import MatchResult, grid_difference
from tests.benchmarks.scenes import same_mask_pair
from tests.benchmarks.timing import Row, compare, row

_MATCHES = (
    ("match, defaults (MEAN, 256, AKIMA)", {}, 0.8),
    ("match, MEDIAN", {"grid_statistic": "MEDIAN"}, 0.9),
    ("match, MEANCLIP", {"grid_statistic": "MEANCLIP"}, 1.2),
    ("match, Chebyshev order 8, weighted", {"use_polynomial": True, "order": 8}, 0.9),
    ("match, MEAN, binSize 64", {"bin_size": 64}, 1.0),
    ("match, MEAN, binSize 32", {"bin_size": 32}, 1.0),
    ("match, MEANCLIP, binSize 64", {"bin_size": 64, "grid_statistic": "MEANCLIP"}, 1.5),
    ("match, MEANCLIP, binSize 32", {"bin_size": 32, "grid_statistic": "MEANCLIP"}, 1.5),
)


def yardstick(difference: np.ndarray, mask: np.ndarray) -> Callable[[], object]:
    """Return S: sep's background of the same difference and its full-size image."""
    image = np.ascontiguousarray(np.nan_to_num(difference))
    bad = np.ascontiguousarray(mask | np.isnan(difference))
    return lambda: sep.Background(image, mask=bad, bw=256, bh=256).back()


def run(quick: bool) -> Iterator[Row]:
    side, repeats = (1024, 7) if quick else (4096, 7)
    reference, science = same_mask_pair(side)
    with np.errstate(invalid="ignore"):
        difference = reference.image - science.image
    peer = yardstick(difference, reference.mask != 0)
    config = MatchConfig()

    def rated(name: str, target: float, ours: Callable[[], object], note: str = "") -> Row:
        return row("engine", f"{name}, {side}²", target, ours, peer, repeats, note=note)

    planes = (science.image, science.mask, science.variance)
    yield rated("floor: copy of three planes", 9.9, lambda: [p.copy() for p in planes], "floor")
    for name, changes, target in _MATCHES:
        changed = config.replace(**changes)
        yield rated(name, target, lambda c=changed: match_backgrounds(reference, science, c))
    yield from _refits(rated, reference, science, config, side)
    yield rated("measure_exposure", 0.25, lambda: measure_exposure(science, config))
    if not quick:
        yield _growth(repeats)


def _refits(rated, reference, science, config, side) -> Iterator[Row]:
    base = match_backgrounds(reference, science, config, complete=False)
    at = np.linspace(0, side - 1, 1024)

    def refit(before: MatchResult, **changes: object) -> None:
        new = match_backgrounds(
            reference, science, before.config.replace(**changes), reuse=before, complete=False
        )
        assert new.difference is before.difference
        new.model.render(y=at, x=at)
        assert np.isfinite(new.fit_rms)

    polynomial = match_backgrounds(
        reference, science, config.replace(use_polynomial=True, order=8), reuse=base, complete=False
    )
    yield rated("refit after order", 0.04, lambda: refit(polynomial, order=7))
    yield rated("refit after style", 0.04, lambda: refit(base, interp_style="NATURAL_SPLINE"))
    yield rated("refit after weighting", 0.04, lambda: refit(polynomial, approx_weighting=False))
    yield rated("refit after binSize, MEAN", 0.25, lambda: refit(base, bin_size=200))
    clipped = config.replace(grid_statistic="MEANCLIP", bin_size=200)
    yield rated(
        "bins of MEANCLIP, binSize 200",
        9.9,
        lambda: grid_difference(base.difference, clipped),
        "for information",
    )


def _growth(repeats: int) -> Row:
    """Time per pixel at 8192² over that at 2048²."""
    config = MatchConfig()
    small, large = same_mask_pair(2048), same_mask_pair(8192)
    mine, theirs = compare(
        lambda: match_backgrounds(*large, config),
        lambda: [match_backgrounds(*small, config) for _ in range(16)],
        max(3, repeats // 2),
    )
    return Row(
        "engine", "growth 2048² to 8192²", mine, theirs, mine / theirs, 1.15, peer_name="16 × 2048²"
    )
