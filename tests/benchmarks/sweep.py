"""Sweep: is the recommended setting close to the best there is, and what does it cost?"""

from __future__ import annotations

import itertools
import json
import math
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bgviewer import MaskedImage, MatchConfig
from bgviewer.engine.fitting import fit_model
from bgviewer.engine.holdout import HoldOut
from bgviewer.engine.matching import form_difference, grid_difference
from bgviewer.engine.progress import Stoppable
from bgviewer.engine.sweeping import Candidate, PairSweep, SweepSpace, best_of, simplest_of
from bgviewer.errors import BgviewerError, Cancelled
from bgviewer.io.stack import load_stack
from bgviewer.tasks.match import choose_reference
from tests.benchmarks.scenes import same_mask_pair
from tests.benchmarks.timing import Row, row

SKIES = ("plane", "quadratic", "glow 150", "ripples 300", "chip step")
NOISES = ("white", "correlated")
SOURCES = ("masked", "unmasked")
OVERLAPS = ("full", "partial")
SEEDS = 20
SIDE = 1024
_DETECTED = 1 << 5
_NOISE = 9.0  # per exposure and pixel
_STEP = 4  # the truth is compared at every fourth pixel along both axes


@dataclass(frozen=True)
class Case:
    sky: str
    noise: str
    sources: str
    overlap: str
    seed: int


@dataclass(frozen=True)
class Judged:
    """True errors of one case: the choice, the lowest score, the best there is, LSST's default."""

    case: Case | None
    chosen: Candidate
    error: float
    of_best_score: float
    best: float
    default: float

    @property
    def ratio(self) -> float:
        return self.error / self.best


def true_sky(case: Case, rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """Return reference - science of the skies."""
    x = (np.arange(side) - 0.5 * (side - 1)) / (0.5 * side)
    y = x[:, None]
    sky = 60 + rng.uniform(-25, 25) * x + rng.uniform(-25, 25) * y
    if case.sky == "quadratic":
        a, b, c = rng.uniform(3, 12, 3) * rng.choice([-1, 1], 3)
        sky = sky + a * x * x + b * x * y + c * y * y
    elif case.sky == "glow 150":
        cx, cy = rng.uniform(0.2, 0.8, 2) * side
        r2 = (np.arange(side) - cx) ** 2 + (np.arange(side)[:, None] - cy) ** 2
        sky = sky + rng.uniform(6, 15) * np.exp(-0.5 * r2 / 150.0**2)
    elif case.sky == "ripples 300":
        angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
        along = np.arange(side) * np.cos(angle) + np.arange(side)[:, None] * np.sin(angle)
        sky = sky + rng.uniform(2, 5) * np.sin(2 * np.pi * along / 300.0 + phase)
    elif case.sky == "chip step":
        edge = int(rng.uniform(0.35, 0.65) * side)
        sky = sky + rng.uniform(3, 8) * (np.arange(side) >= edge)
    return np.broadcast_to(sky, (side, side))


def _stamp(image: NDArray[np.float64], x: float, y: float, peak: float, size: float) -> None:
    reach = int(5 * size) + 1
    x0, x1 = max(0, int(x) - reach), min(image.shape[1], int(x) + reach + 1)
    y0, y1 = max(0, int(y) - reach), min(image.shape[0], int(y) + reach + 1)
    along = np.exp(-0.5 * ((np.arange(x0, x1) - x) / size) ** 2)
    across = np.exp(-0.5 * ((np.arange(y0, y1) - y) / size) ** 2)
    image[y0:y1, x0:x1] += peak * across[:, None] * along


def sources(rng: np.random.Generator, side: int, image: NDArray[np.float64], other) -> None:
    """Put what no mask covers into both exposures, seen with different seeing."""
    share = (side / 1024) ** 2
    for _ in range(int(400 * share)):
        x, y = rng.uniform(0, side, 2)
        flux = min(600 * (1 + rng.pareto(1.2)), 8000)
        size = rng.choice([0.0, 0.0, rng.uniform(1, 5)])
        for plane, seeing, gain in ((image, 1.8, 1.0), (other, 2.2, rng.normal(1, 0.03))):
            width = math.hypot(seeing, size)
            _stamp(plane, x, y, gain * flux / (2 * np.pi * width**2), width)
    for plane in (image, other):  # what only one of them has
        for _ in range(int(15 * share)):
            x, y = rng.uniform(0, side, 2)
            _stamp(plane, x, y, rng.uniform(20, 200), rng.uniform(1.8, 4))


def make_pair(case: Case, side: int = SIDE) -> tuple[MaskedImage, MaskedImage, NDArray[np.float64]]:
    """Return reference, science and the true difference."""
    key = [SKIES.index(case.sky), NOISES.index(case.noise), SOURCES.index(case.sources)]
    rng = np.random.default_rng([case.seed, *key, OVERLAPS.index(case.overlap)])
    truth = true_sky(case, rng, side)
    planes = [np.zeros((side, side)), np.zeros((side, side))]
    if case.sources == "unmasked":
        sources(rng, side, planes[0], planes[1])
    blobs = gaussian_filter(rng.standard_normal((side, side)), 4)
    masked = blobs > np.quantile(blobs, 0.95)
    for plane in planes:
        noise = rng.standard_normal((side, side))
        if case.noise == "correlated":
            noise = gaussian_filter(noise, 0.8, mode="wrap")
            noise /= noise.std()
        plane += _NOISE * noise
        plane[masked] += 400.0  # masked sources are really there
    reference, science = planes[0] + 300 + truth, planes[1] + 300
    if case.overlap == "partial":
        tilt, start = rng.uniform(-0.4, 0.4), rng.uniform(0.55, 0.8) * side
        gone = np.arange(side) + tilt * (np.arange(side)[:, None] - side / 2) > start
        science[gone] = np.nan
    mask = np.where(masked, _DETECTED, 0).astype(np.int32)
    variance = np.full((side, side), _NOISE**2, dtype=np.float32)
    made = [MaskedImage(p.astype(np.float32), mask, variance) for p in (reference, science)]
    return made[0], made[1], truth


def true_error(sweep: PairSweep, candidate: Candidate, truth: NDArray[np.float64]) -> float:
    """Return the rms of model - truth over good pixels (every fourth along both axes)."""
    config, shape = candidate.applied_to(sweep.config), sweep.difference.shape
    gridded = sweep.gridded.get((candidate.bin_size, candidate.grid_statistic))
    if gridded is None:
        gridded = grid_difference(sweep.difference, config, threads=1)
    try:
        model = fit_model(gridded.cells, gridded.bins, config, shape, threads=1).model
    except BgviewerError:
        return math.inf
    at = [np.arange(_STEP // 2, s, _STEP) for s in shape]
    off = model.render(y=at[0], x=at[1], threads=1) - truth[np.ix_(*at)]
    good = np.isfinite(sweep.difference.values[np.ix_(*at)])
    return math.sqrt(float(np.mean(off[good] ** 2)))


def judge(
    case: Case,
    side: int = SIDE,
    statistics: tuple[str, ...] = ("MEAN",),
    hold_out: HoldOut | None = None,
) -> Judged:
    """Sweep one case and compare with the truth."""
    reference, science, truth = make_pair(case, side)
    config = MatchConfig()
    difference = form_difference(reference, science, config, threads=1)
    usual = SweepSpace.for_shape(difference.shape, config)
    space = SweepSpace(usual.bin_sizes, usual.orders, usual.interp_styles, statistics)
    sweep = PairSweep.prepare(difference, config, space, hold_out, threads=1)
    return compared(case, sweep, truth)


def compared(case: Case | None, sweep: PairSweep, truth: NDArray[np.float64]) -> Judged:
    """Run a sweep and compare what it tried with the truth."""
    cells = list(sweep.run())
    errors = {c.candidate: true_error(sweep, c.candidate, truth) for c in cells if c.valid}
    chosen, best = simplest_of(cells), best_of(cells)
    assert chosen is not None and best is not None
    default = Candidate(sweep.config.bin_size, None, sweep.config.interp_style, "MEAN")
    if default not in errors:
        errors[default] = true_error(sweep, default, truth)
    return Judged(
        case,
        chosen.candidate,
        errors[chosen.candidate],
        errors[best.candidate],
        min(errors.values()),
        errors[default],
    )


def all_cases(seeds: int = SEEDS) -> list[Case]:
    kinds = itertools.product(SKIES, NOISES, SOURCES, OVERLAPS)
    return [Case(*kind, seed) for kind in kinds for seed in range(seeds)]


def judge_all(cases: Sequence[Case]) -> list[Judged]:
    """Judge cases on all cores, one process each."""
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(judge, cases, chunksize=4))


@dataclass(frozen=True)
class Summary:
    """Figures of acceptance: true error of the choice over that of the best in the sweep."""

    count: int
    median: float
    high: float
    within: float
    beats: float
    could: int


def summarise(found: Sequence[Judged]) -> Summary:
    """Return median, 95 % quantile, share within 1.5, share that beats LSST's default."""
    ratios = np.array([j.ratio for j in found])
    could = [j for j in found if j.best * 1.1 <= j.default]
    beats = float(np.mean([j.error < j.default for j in could])) if could else math.nan
    high, within = float(np.quantile(ratios, 0.95)), float(np.mean(ratios <= 1.5))
    return Summary(len(found), float(np.median(ratios)), high, within, beats, len(could))


def print_summary(name: str, found: Sequence[Judged]) -> Summary:
    s = summarise(found)
    error, best, default = (
        float(np.median([getattr(j, key) for j in found])) for key in ("error", "best", "default")
    )
    print(
        f"  {name:42s} {s.count:4d}  {s.median:6.3f} {s.high:6.3f} {s.within:7.3f}  "
        f"{s.beats:5.2f} of {s.could:3d}   {error:7.3f} {best:7.3f} {default:7.3f}",
        file=sys.stderr,
        flush=True,
    )
    return s


def truths(quick: bool) -> Iterator[Row]:
    """Acceptance 1: the table goes to stderr, its sums are rows."""
    found = judge_all(all_cases(2 if quick else SEEDS))
    print(
        f"  {'true error of the choice / best in the sweep':42s}    n  median   95 %  <= 1.5  "
        "beats LSST's     choice    best default (medians)",
        file=sys.stderr,
    )
    for kind in itertools.product(SKIES, NOISES, SOURCES, OVERLAPS):
        some = [
            j for j in found if (j.case.sky, j.case.noise, j.case.sources, j.case.overlap) == kind
        ]
        print_summary(", ".join(kind), some)
    for key, names in (
        ("sky", SKIES),
        ("noise", NOISES),
        ("sources", SOURCES),
        ("overlap", OVERLAPS),
    ):
        for name in names:
            print_summary(f"all {name}", [j for j in found if getattr(j.case, key) == name])
    s = print_summary("all", found)
    for name, value, target, at_least in (
        ("median of error / best", s.median, 1.15, False),
        ("95 % of error / best", s.high, 1.5, False),
        ("share that beats LSST's default", s.beats, 0.8, True),
    ):
        yield Row(
            "sweep", f"{name}, {s.count} cases", value, None, value, target, "", at_least=at_least
        )


def real_stacks() -> Iterator[Row]:
    """Acceptance 2: real exposures with an added sky of known shape; they inform only.

    The exposures' own residual background lies under the added sky and belongs to the truth too.
    In vircam_h_moonlit it is 2.6 to 7.1 rms in cells of 128 pixels, which interleaved halves of
    the pixels confirm, as do pixels 40 and more away from any mask (2.7 to 4.7).  On tiles that
    no model had seen the added sky alone is off by 3.3 to 6.2, the choice by 1.1 to 2.6, LSST's
    default by 2.7 to 5.2.  So the ratio to the added sky punishes who follows what is there.
    """
    folder = os.environ.get("BGVIEWER_TEST_DATA")
    for name in ("vircam_h_moonlit", "decam_i_knownsky"):
        path = None if folder is None else Path(folder) / "stacks" / name
        if path is None or not (path / "truth.json").exists():
            print(f"  {name}: not there (BGVIEWER_TEST_DATA)", file=sys.stderr)
            continue
        known = json.loads((path / "truth.json").read_text())["exposures"]
        stack = load_stack([path], zero_point="none")
        config = MatchConfig()
        reference_id, _ = choose_reference(stack, config)
        reference = stack.read(reference_id)
        found = []
        for entry in stack.entries:
            if entry.id == reference_id:
                continue
            difference = form_difference(reference, stack.read(entry.id), config)
            skies = [
                added_sky(known[Path(str(stack[i].path)).name], difference.shape)
                for i in (reference_id, entry.id)
            ]
            sweep = PairSweep.prepare(difference, config)
            found.append(compared(None, sweep, skies[0] - skies[1]))
            j = found[-1]
            print(
                f"  {entry.name}: {j.chosen.text}: {j.error:.3f}, best {j.best:.3f}, "
                f"default {j.default:.3f}",
                file=sys.stderr,
            )
        s = summarise(found)
        for what, value, target in (
            ("median", s.median, 1.15),
            ("95 %", s.high, 1.5),
        ):
            yield Row(
                "sweep",
                f"{name}: {what} of error / best",
                value,
                None,
                value,
                target,
                "",
                note="for information: against the added sky alone; the exposures' own background "
                "(moonlit: 2.6 to 7.1 rms in cells of 128 pixels) belongs to the truth too",
            )
        yield Row(
            "sweep", f"{name}: beats LSST's default", s.beats, None, s.beats, 0.8, "",
            at_least=True, note=f"for information: added sky alone, of {s.could} exposures",
        )  # fmt: skip


def added_sky(known: dict[str, Any], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the sky of truth.json."""
    y, x = ((np.arange(s) - (s - 1) / 2) / ((s - 1) / 2) for s in shape)
    c, y = known["coeffs"], y[:, None]
    sky = c[0] + c[1] * x + c[2] * y + c[3] * x * x + c[4] * x * y + c[5] * y * y
    glow = known.get("gaussian_glow")
    if glow:
        r2 = (np.arange(shape[1]) - glow["x0"]) ** 2 + (
            np.arange(shape[0])[:, None] - glow["y0"]
        ) ** 2
        sky = sky + glow["amp"] * np.exp(-r2 / 2 / glow["sigma_pix"] ** 2)
    return np.asarray(sky)


def cost(quick: bool) -> Iterator[Row]:
    """Acceptance 3: the default sweep of a pair beside S in the same run."""
    side = 1024 if quick else 4096
    reference, science = same_mask_pair(side)
    config = MatchConfig()
    difference = form_difference(reference, science, config)
    from tests.benchmarks.engine import yardstick  # needs sep, which the tests do not

    peer = yardstick(difference.values, reference.mask != 0)

    def whole() -> None:
        made = form_difference(reference, science, config)
        pair = PairSweep.prepare(made, config, exposures=(reference, science))
        assert len(list(pair.run())) >= 100

    yield row("sweep", f"default sweep of a pair, {side}²", 12.0, whole, peer, 3 if quick else 5)
    waits = []
    for after in (0.1, 0.3, 0.6, 0.9) if not quick else (0.05,):
        stop = Stoppable()
        asked: list[float] = []
        timer = threading.Timer(after, lambda s=stop, a=asked: (a.append(perf_counter()), s.stop()))
        timer.start()
        try:
            pair = PairSweep.prepare(
                form_difference(reference, science, config), config, None, None, stop
            )
            list(pair.run(stop))
        except Cancelled:
            waits.append(perf_counter() - asked[0])
        timer.cancel()
        timer.join()
    if waits:
        yield Row("sweep", "longest wait for Stop", max(waits), None, max(waits), 0.3)


def run(quick: bool) -> Iterator[Row]:
    yield from cost(quick)
    yield from real_stacks()
    yield from truths(quick)
