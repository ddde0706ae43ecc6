"""Verdicts beside the truth: null pairs, matches that are wrong, and how the number ranks them."""

from __future__ import annotations

import math
import os
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from bgviewer import MaskedImage, MatchConfig, match_backgrounds
from bgviewer.engine.holdout import Yardstick, lay_yardstick
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.verdict import estimate_error, judge_error
from bgviewer.errors import BgviewerError
from tests.benchmarks.timing import Row
from tests.scenes import Scene, make_pair, many_scenes

SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"bin_size": 128},
    {"bin_size": 128, "grid_statistic": "MEDIAN"},
    {"bin_size": 64, "interp_style": "NATURAL_SPLINE"},
    {"bin_size": 64, "grid_statistic": "MEANCLIP"},
    {"bin_size": 32, "interp_style": "NATURAL_SPLINE"},
    {"bin_size": 128, "use_polynomial": True, "order": 0},
    {"bin_size": 128, "use_polynomial": True, "order": 1},
    {"bin_size": 64, "use_polynomial": True, "order": 2, "grid_statistic": "MEANCLIP"},
    {"bin_size": 64, "use_polynomial": True, "order": 4, "grid_statistic": "MEDIAN"},
    {"bin_size": 64, "use_polynomial": True, "order": 6},
    {"bin_size": 32, "use_polynomial": True, "order": 8},
    {"bin_size": 64, "penalised_spline": True, "penalty_order": 2},
    {"bin_size": 64, "penalised_spline": True, "penalty_order": 3},
    {"bin_size": 64, "penalised_spline": True, "penalty_order": 2, "smoothing_length": 150.0},
)
"""Splines, polynomials and P-splines, from far too stiff to far too loose."""
NOISES = ("white", "bilinear", "lanczos", "psf")
WRONG = 3.0
"""Times the expected error from which a match is wrong."""
CALM = 1.3
"""Times the expected error up to which a match is as good as it can be."""
_STEP = 4  # the truth is compared at every fourth pixel along both axes


@dataclass(frozen=True)
class Judged:
    """One match: its verdict, its number, its true and its expected error."""

    state: str
    number: float
    truth: float
    expected: float

    @property
    def times(self) -> float:
        return self.truth / self.expected if self.expected > 0 else math.inf


def noise(rng: np.random.Generator, side: int, kind: str) -> np.ndarray:
    """Return pixel noise, white or as resampling and PSF matching leave it."""
    wide = rng.normal(0.0, 5.0, (side + 8, side + 8))
    if kind == "bilinear":
        wide = 0.5 * (wide[1:] + wide[:-1])
        wide = 0.6 * wide[:, 1:] + 0.4 * wide[:, :-1]
    elif kind == "lanczos":
        at = np.arange(-2, 4) - 0.45
        taps = np.sinc(at) * np.sinc(at / 3)
        taps /= taps.sum()
        for axis in (0, 1):
            wide = np.apply_along_axis(np.convolve, axis, wide, taps, "valid")
    elif kind == "psf":
        wide = gaussian_filter(wide, 1.2)
    return wide[:side, :side]


def null_pair(task: tuple[int, str, int]) -> list[Judged]:
    """Judge all settings on a pair that differs by noise alone."""
    side, kind, seed = task
    rng = np.random.default_rng([side, NOISES.index(kind), seed])
    images = [MaskedImage((noise(rng, side, kind) + 100).astype(np.float32)) for _ in range(2)]
    every = np.ones((side, side), dtype=bool)
    return _judged(images[0], images[1], np.zeros((side, side)), every)


def known_pair(scene: Scene) -> list[Judged]:
    """Judge all settings on a pair whose true difference is known."""
    pair = make_pair(scene)
    return _judged(pair.reference, pair.science, pair.truth, pair.covered)


def _judged(
    reference: MaskedImage, science: MaskedImage, truth: np.ndarray, covered: np.ndarray
) -> list[Judged]:
    found = []
    yardstick: Yardstick | None = None
    result: MatchResult | None = None
    at = [np.arange(_STEP // 2, s, _STEP) for s in truth.shape]
    grid = np.ix_(*at)
    for settings in SETTINGS:
        config = MatchConfig(**settings)
        try:
            result = match_backgrounds(
                reference, science, config, complete=False, threads=1, reuse=result
            )
        except BgviewerError:
            continue
        yardstick = yardstick or lay_yardstick(result.difference, threads=1)
        error = estimate_error(result, yardstick, threads=1)
        verdict = judge_error(error)
        off = (result.model.render(y=at[0], x=at[1], threads=1) - truth[grid])[covered[grid]]
        true = math.sqrt(float(np.mean(off * off)))
        found.append(Judged(verdict.state, verdict.number, true, error.expected))
    return found


def run(quick: bool = False) -> Iterator[Row]:
    """Yield the figures of acceptance; how the states spread is printed to stderr."""
    sides, seeds = ((512,), 2) if quick else ((512, 1024), 5)
    tasks = [(side, kind, seed) for side in sides for kind in NOISES for seed in range(seeds)]
    scenes = many_scenes(26 if quick else 208, first_seed=7)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        null = [j for judged in pool.map(null_pair, tasks) for j in judged]
        known = list(pool.map(known_pair, scenes))
    good = np.mean([j.state == "good" for j in null])
    yield _row(f"null pairs judged good, {len(null)} matches", float(good), 0.95)
    ratio = math.sqrt(float(np.mean([j.times**2 for j in null])))
    print(f"  null pairs: true over expected error, rms {ratio:.3f}", file=sys.stderr)
    every = [j for judged in known for j in judged]
    wrong = [j for j in every if j.times > WRONG]
    calm = [j for j in every if j.times < CALM]
    caught = np.mean([j.state != "good" for j in wrong])
    yield _row(f"wrong matches not judged good, {len(wrong)} matches", float(caught), 0.9)
    spared = np.mean([j.state == "good" for j in calm])
    print(
        f"  wrong: {dict(Counter(j.state for j in wrong))}; within {CALM:g} times the expected "
        f"error: {100 * spared:.1f} % of {len(calm)} good",
        file=sys.stderr,
    )
    ranks = [
        float(spearmanr([j.truth for j in judged], [j.number for j in judged])[0])
        for judged in known
    ]
    for share in (0.1, 0.5):
        print(f"  Spearman, {share:.0%} point: {np.quantile(ranks, share):.3f}", file=sys.stderr)
    yield _row(f"Spearman of number and truth, mean of {len(ranks)} scenes", np.mean(ranks), 0.8)


def _row(name: str, value: float, target: float) -> Row:
    return Row("verdict", name, value, None, value, target, "", at_least=True)
