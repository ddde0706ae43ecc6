"""Verdicts of generated pairs whose true difference is known."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from bgviewer import MaskedImage, MatchConfig, match_backgrounds
from bgviewer.engine.holdout import lay_yardstick
from bgviewer.engine.verdict import (
    STATES,
    Verdict,
    estimate_error,
    failed_verdict,
    judge,
    judge_error,
    not_judged,
    tile_residuals,
    worst_of,
)
from bgviewer.errors import NoOverlapError

N, SIGMA = 512, 5.0
SPLINES = [
    {"bin_size": 256},
    {"bin_size": 128, "grid_statistic": "MEDIAN"},
    {"bin_size": 64, "interp_style": "NATURAL_SPLINE"},
    {"bin_size": 32},
]
POLYNOMIALS = [
    {"bin_size": 128, "use_polynomial": True, "order": 0},
    {"bin_size": 64, "use_polynomial": True, "order": 2, "grid_statistic": "MEANCLIP"},
    {"bin_size": 64, "use_polynomial": True, "order": 6, "grid_statistic": "MEDIAN"},
]
SMOOTH = [{"bin_size": 64, "penalised_spline": True, "penalty_order": p} for p in (2, 3)]
SETTINGS = [*SPLINES, *POLYNOMIALS, *SMOOTH]


def noise(rng, kind="white", n=N):
    wide = rng.normal(0, SIGMA, (n + 8, n + 8))
    if kind == "bilinear":
        wide[:, :-1] = 0.6 * wide[:, :-1] + 0.4 * wide[:, 1:]
        wide[:-1] = 0.5 * wide[:-1] + 0.5 * wide[1:]
    elif kind == "psf":
        wide = gaussian_filter(wide, 1.2)
    return wide[:n, :n]


def pair(rng, sky=0.0, kind="white", mask=None, n=N):
    images = (noise(rng, kind, n) + 100 + sky, noise(rng, kind, n) + 100)
    flags = None if mask is None else np.where(mask, 1, 0).astype(np.int32)
    planes = None if mask is None else {"BAD": 0}
    return [MaskedImage(i.astype(np.float32), mask=flags, planes=planes) for i in images]


def matched(exposures, **settings):
    return match_backgrounds(*exposures, MatchConfig(**settings), complete=False)


def positions(n=N):
    y, x = np.mgrid[0:n, 0:n] / n - 0.5
    return y, x


def true_error(result, sky):
    return math.sqrt(float(np.mean((result.model.render() - sky) ** 2)))


@pytest.mark.parametrize("kind", ["white", "bilinear", "psf"])
def test_a_match_of_pure_noise_is_good_and_its_error_the_expected_one(kind):
    ratios = []
    for seed in range(3):
        exposures = pair(np.random.default_rng([seed, 5]), kind=kind)
        yardstick = None
        for settings in SETTINGS:
            result = matched(exposures, **settings)
            yardstick = yardstick or lay_yardstick(result.difference)
            error = estimate_error(result, yardstick)
            verdict = judge_error(error)
            assert verdict.is_good, (kind, seed, settings, verdict)
            ratios.append(true_error(result, 0.0) / error.expected)
    assert 0.85 < math.sqrt(np.mean(np.square(ratios))) < 1.2


def skies():
    y, x = positions()
    ring = np.exp(-(((np.hypot(y, x) - 0.25) / 0.06) ** 2))
    return {
        "quadratic": 60 * (x * x - y * y),
        "ring": 20 * ring,
        "fringes": 4 * np.sin(2 * np.pi * N * (x + 0.3 * y) / 130),
        "glow": 40 * np.exp(-((x - 0.1) ** 2 + y**2) / 0.02),
    }


@pytest.mark.parametrize("name", skies())
def test_what_a_model_misses_is_not_good_and_the_number_follows_the_truth(name):
    sky = skies()[name]
    exposures = pair(np.random.default_rng(8), sky)
    truths, numbers, missed = [], [], []
    for settings in SETTINGS:
        result = matched(exposures, **settings)
        verdict = judge(result)
        truth = true_error(result, sky)
        truths.append(truth)
        numbers.append(verdict.number)
        if truth > 3 * verdict.expected and verdict.is_good:
            missed.append((settings, truth, verdict))
    assert not missed
    assert any(truth > 2 for truth in truths), "the scene tries nothing"
    assert spearmanr(truths, numbers)[0] > 0.8


def test_a_polynomial_that_runs_away_in_a_hole_is_bad_and_the_p_spline_is_not():
    y, x = positions()
    mask = np.hypot(y, x) > 0.28  # good pixels in the middle only
    sky = 30 * x + 300 * np.maximum(x, 0) ** 4
    exposures = pair(np.random.default_rng(3), sky, mask=mask)
    wild = matched(exposures, bin_size=32, use_polynomial=True, order=8)
    assert true_error(wild, sky) > 50
    verdict = judge(wild)
    assert (verdict.state, verdict.word) == ("bad", "overshoot")
    assert "masked" in verdict.reason and "P-spline" in verdict.advice
    tame = judge(matched(exposures, bin_size=32, penalised_spline=True, penalty_order=2))
    assert tame.word != "overshoot"


def test_masks_on_a_slope_leave_nothing_in_the_tiles():
    rng = np.random.default_rng(4)
    y, x = positions()
    sky = 400 * x - 250 * y
    mask = np.zeros((N, N), bool)
    for _ in range(300):
        row, column = rng.integers(0, N - 12, 2)
        mask[row : row + 11, column : column + 9] = True
    planes = {"BAD": 0}
    flags = np.where(mask, 1, 0).astype(np.int32)
    flat = np.full((N, N), 100.0, np.float32)
    exposures = [
        MaskedImage((flat + sky).astype(np.float32), mask=flags, planes=planes),
        MaskedImage(flat, mask=flags, planes=planes),
    ]
    result = matched(exposures, bin_size=64, use_polynomial=True, order=1, cell_centroids=True)
    residual, _ = tile_residuals(result, lay_yardstick(result.difference))
    known = np.isfinite(residual)
    # a tile of 16 pixels on this slope spans 12.5; unmatched centroids would leave several
    assert known.sum() > 500 and np.quantile(np.abs(residual[known]), 0.95) < 0.2


def test_a_trail_of_one_exposure_is_left_out_and_an_arc_is_not():
    y, x = positions()
    trail = np.where(np.abs(x + 0.4 * y) < 4 / N, 60.0, 0.0)
    arc = 25 * np.exp(-(((x - 0.8 * y * y) / 0.05) ** 2))
    error = {}
    for name, sky in (("trail", trail), ("arc", arc)):
        result = matched(pair(np.random.default_rng(6), sky), bin_size=128)
        error[name] = estimate_error(result, lay_yardstick(result.difference))
    assert error["trail"].n_foreign >= 10
    assert error["arc"].n_foreign < 0.02 * error["arc"].n_judged
    truth = true_error(matched(pair(np.random.default_rng(6), arc), bin_size=128), arc)
    assert error["arc"].rms == pytest.approx(truth, rel=0.2)


def test_little_overlap_wants_a_look():
    result = matched(pair(np.random.default_rng(7)), bin_size=64)
    assert judge(result, overlap=0.9).is_good
    verdict = judge(result, overlap=0.45)
    assert (verdict.state, verdict.word) == ("check", "overlap") and "45 %" in verdict.reason


def test_scale_of_the_pixels_changes_the_number_and_not_the_state():
    rng = np.random.default_rng(9)
    exposures = pair(rng, skies()["ring"])
    first = judge(matched(exposures, bin_size=128), unit="adu")
    scaled = [MaskedImage(e.image * np.float32(1e-12)) for e in exposures]
    config = MatchConfig(bin_size=128, grid_stdev_epsilon=1e-30)
    second = judge(match_backgrounds(*scaled, config), unit="Jy")
    assert first.state == second.state != "good"
    assert second.number == pytest.approx(1e-12 * first.number, rel=1e-3)
    assert " adu" in first.reason and " Jy" in second.reason


def test_the_same_match_has_the_same_verdict():
    exposures = pair(np.random.default_rng(11), skies()["glow"])
    assert judge(matched(exposures)) == judge(matched(exposures))


def test_a_match_on_a_corner_of_the_image_wants_a_look():
    mask = np.ones((128, 128), bool)
    mask[:40, :40] = False
    verdict = judge(matched(pair(np.random.default_rng(1), mask=mask, n=128), **POLYNOMIALS[0]))
    assert (verdict.state, verdict.word) == ("check", "hidden")
    assert "90 % of the area" in verdict.reason


def test_what_cannot_be_judged_says_so():
    mask = np.ones((64, 64), bool)
    mask[:3, :3] = False
    result = matched(pair(np.random.default_rng(1), mask=mask, n=64), bin_size=32)
    verdict = judge(result)
    assert (verdict.state, verdict.word) == ("check", "not judged")
    assert math.isnan(verdict.number)
    with pytest.raises(NoOverlapError):
        lay_yardstick(result.difference)


def test_order_of_verdicts():
    good, check = Verdict("good", "a", number=5.0), Verdict("check", "b", number=1.0)
    bad, failed = Verdict("bad", "c", number=3.0), failed_verdict("the file is gone.")
    assert worst_of([good, None, check]) is check
    assert worst_of([good, bad, failed, check]) is failed, "unknown errors come before known ones"
    assert worst_of([None]) is None
    assert [v.rank for v in (good, check, bad)] == list(range(len(STATES)))
    assert [v.sign for v in (good, check, bad)] == ["✓", "▲", "✕"]
    assert failed.reason == "Failed: the file is gone."
    assert not_judged("nothing is known").text.startswith("check: ")
