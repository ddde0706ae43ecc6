"""Truth: errors of what a sweep recommends over the best of LSST's models, on known skies."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from bgviewer import MatchConfig
from bgviewer.engine.difference import form_difference
from bgviewer.engine.fitting import fit_model
from bgviewer.engine.holdout import HoldOut
from bgviewer.engine.matching import grid_difference
from bgviewer.engine.sweeping import Candidate, PairSweep, SweepSpace, recommended_of, simplest_of
from bgviewer.errors import BgviewerError
from tests.benchmarks.timing import Row
from tests.scenes import KINDS, LAYOUTS, Pair, Scene, make_pair, many_scenes

COUNT = 312
QUICK = 26
_STEP = 4  # the truth is compared at every fourth pixel along both axes
_ORDERS = (1, 2, 3, 4, 6, 8)
_STYLES = ("NATURAL_SPLINE", "AKIMA_SPLINE")
_BEFORE = "recommended before"
_NOW = "recommended now"
_DEFAULT = "LSST's default"
_SHARES = (0.05, 0.5, 0.95)
CHOICES = (_DEFAULT, _BEFORE, _NOW)
AREAS = ("unmasked", "covered")


@dataclass(frozen=True)
class Errors:
    """Root mean squares of model - truth over unmasked and over covered pixels."""

    unmasked: float
    covered: float


@dataclass(frozen=True)
class Truth:
    """True errors of a scene, in units of the pixel noise's unit.

    Attributes
    ----------
    scene : Scene
    good_share : float
        Unmasked pixels over covered ones.
    chosen : dict of str to str
        Setting of each of `CHOICES`, in words.
    errors : dict of str to Errors
        Theirs.
    best : Errors
        The least of LSST's splines and polynomials, for either area by itself.
    smooth : bool
        Whether a P-spline is recommended now.
    expected, hidden : float
        Errors that the sweep expects of it, over covered and over masked pixels; NaN = no mask.
    masked : float
        Its true error over masked pixels that both exposures cover.
    """

    scene: Scene
    good_share: float
    chosen: dict[str, str]
    errors: dict[str, Errors]
    best: Errors
    smooth: bool
    expected: float
    hidden: float
    masked: float

    def ratio(self, choice: str, area: str) -> float:
        """Return the error of a choice over the best there is."""
        return float(getattr(self.errors[choice], area) / getattr(self.best, area))

    def beside_default(self, choice: str, area: str) -> float:
        """Return the error of a choice over that of LSST's default."""
        default = getattr(self.errors[_DEFAULT], area)
        return float(getattr(self.errors[choice], area) / default)


def lsst_space(side: int) -> SweepSpace:
    """Return LSST's splines and polynomials: what was tried before."""
    top = min(512, 1 << int(math.log2(side // 2)))
    sizes = tuple(sorted({256, *(max(8, top >> k) for k in range(5))}, reverse=True))
    return SweepSpace(sizes, _ORDERS, _STYLES, ("MEAN",))


def true_errors(sweep: PairSweep, candidate: Candidate, pair: Pair) -> Errors:
    """Return the errors of a candidate's model; infinite where there is none."""
    config, shape = candidate.applied_to(sweep.config), pair.truth.shape
    gridded = sweep.gridded.get((candidate.bin_size, candidate.grid_statistic))
    try:
        if gridded is None or config.penalised_spline or config.cell_centroids:
            gridded = grid_difference(sweep.difference, config, threads=1)
        fit = fit_model(gridded.cells, gridded.bins, config, shape, tiles=gridded.tiles, threads=1)
    except BgviewerError:
        return Errors(math.inf, math.inf)
    at = [np.arange(_STEP // 2, s, _STEP) for s in shape]
    grid = np.ix_(*at)
    off = fit.model.render(y=at[0], x=at[1], threads=1) - pair.truth[grid]
    unmasked, covered = (
        math.sqrt(float(np.mean(off[area[grid]] ** 2))) for area in (pair.unmasked, pair.covered)
    )
    return Errors(unmasked, covered)


def judge(scene: Scene) -> Truth:
    """Sweep a scene as before and as now, and compare with the truth."""
    pair, config = make_pair(scene), MatchConfig()
    difference = form_difference(pair.reference, pair.science, config, threads=1)
    old = PairSweep.prepare(
        difference, config, lsst_space(scene.side), HoldOut(tile=16, rounds=5), threads=1
    )
    cells = list(old.run())
    errors = {c.candidate: true_errors(old, c.candidate, pair) for c in cells if c.valid}
    default = next(c.candidate for c in cells if c.candidate.text.startswith("binSize 256, AKIMA"))
    before = simplest_of(cells)
    both = (pair.reference, pair.science)
    new = PairSweep.prepare(difference, config, exposures=both, threads=1)
    now = recommended_of(list(new.run()))
    assert before is not None and now is not None
    good = float(pair.unmasked.sum() / pair.covered.sum())
    true = true_errors(new, now.candidate, pair)
    squares = true.covered**2 - good * true.unmasked**2
    return Truth(
        scene,
        good,
        {
            _DEFAULT: default.text,
            _BEFORE: before.candidate.text,
            _NOW: now.candidate.text,
        },
        {
            _DEFAULT: errors.get(default) or true_errors(old, default, pair),
            _BEFORE: errors[before.candidate],
            _NOW: true,
        },
        Errors(*(min(getattr(e, area) for e in errors.values()) for area in AREAS)),
        now.candidate.penalty_order is not None,
        now.error_rms,
        now.hidden,
        math.sqrt(max(squares, 0.0) / (1.0 - good)) if good < 1 else math.nan,
    )


@dataclass(frozen=True)
class Summary:
    """Geometric mean and quantiles of ratios, and the share that is over 10 % worse than LSST."""

    count: int
    mean: float
    high: float
    highest: float
    worse: float


def summarise(found: Sequence[Truth], choice: str, area: str) -> Summary:
    """Sum up one choice over one area."""
    ratios = np.array([t.ratio(choice, area) for t in found])
    worse = float(np.mean([t.beside_default(choice, area) > 1.1 for t in found]))
    mean = math.exp(float(np.mean(np.log(ratios))))
    return Summary(len(found), mean, *np.quantile(ratios, (0.95, 0.99)).tolist(), worse)


def print_table(found: Sequence[Truth]) -> None:
    """Print the figures of every choice and area, and those of now by kind and layout."""

    def line(name: str, some: Sequence[Truth], choice: str, area: str) -> None:
        s = summarise(some, choice, area)
        print(
            f"  {name:34s} {area:9s} {s.count:4d}  {s.mean:7.3f} {s.high:8.3f} {s.highest:8.3f}  "
            f"{100 * s.worse:5.1f} %",
            file=sys.stderr,
        )

    print(
        f"  {'error / best of LSST’s models':34s} {'area':9s}    n  geom. m.     95 %     99 %  "
        "> 10 % worse than LSST's default",
        file=sys.stderr,
    )
    for area in AREAS:
        for choice in CHOICES:
            line(choice, found, choice, area)
    parts: list[tuple[str, Callable[[Truth], bool]]] = [
        *((k, lambda t, k=k: t.scene.kind == k) for k in KINDS),
        *((k, lambda t, k=k: t.scene.layout == k) for k in LAYOUTS),
        ("good pixels < 60 %", lambda t: t.good_share < 0.6),
    ]
    for name, belongs in parts:
        some = [t for t in found if belongs(t)]
        if some:
            for area in AREAS:
                line(f"now, {name}", some, _NOW, area)
    expected = np.quantile([t.expected / t.errors[_NOW].covered for t in found], _SHARES)
    masked = [t.hidden / t.masked for t in found if t.good_share < 0.95 and t.masked > 0]
    hidden = np.nanquantile(masked, _SHARES) if masked else ()
    print(
        f"  P-splines: {sum(t.smooth for t in found)}; expected over true error at 5, 50, 95 %: "
        f"{np.round(expected, 2)}, over masked pixels of {len(masked)}: {np.round(hidden, 2)}",
        file=sys.stderr,
    )
    print("  worst of now over covered pixels:", file=sys.stderr)
    for t in sorted(found, key=lambda t: -t.ratio(_NOW, "covered"))[:8]:
        print(
            f"    {t.ratio(_NOW, 'covered'):6.2f} ({t.ratio(_NOW, 'unmasked'):.2f}) "
            f"{t.chosen[_NOW]}; before {t.ratio(_BEFORE, 'covered'):.2f} {t.chosen[_BEFORE]}: "
            f"{t.scene}",
            file=sys.stderr,
        )


def run(quick: bool = False) -> Iterator[Row]:
    """Print the table to stderr; the figures of acceptance are rows."""
    scenes = many_scenes(QUICK if quick else COUNT)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = list(pool.map(judge, scenes))
    print_table(found)
    unmasked, covered = (summarise(found, _NOW, area) for area in AREAS)
    for name, value, target in (
        ("geometric mean, unmasked pixels", unmasked.mean, 0.95),
        ("95 %, unmasked pixels", unmasked.high, 1.6),
        ("99 %, unmasked pixels", unmasked.highest, 3.0),
        ("95 %, covered pixels", covered.high, 2.0),
        ("99 %, covered pixels", covered.highest, 4.0),
        ("share > 10 % worse than LSST's default, covered pixels", covered.worse, 0.02),
    ):
        yield Row(
            "truth", f"error / best: {name}, {len(found)} scenes", value, None, value, target, ""
        )
