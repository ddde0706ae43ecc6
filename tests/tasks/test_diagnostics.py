"""Every diagnostic where it is as expected, and where it must be above."""

from __future__ import annotations

import math

import numpy as np
import pytest

import bgviewer
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.matching import match_backgrounds
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, Remedy
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.diagnostic import ABOVE, EXPECTED, SIGNS, STATES
from bgviewer.tasks.diagnostics import HeldOut, diagnose, diagnose_pair
from tests.engine.judged import matched, pair, positions

SHAPE = (256, 320)
Y, X = positions(SHAPE)
PLANE = 30 + 8 * X - 5 * Y
WAVES = PLANE + 3 * np.sin(14 * X + 9 * Y)
SWELL = PLANE + 3 * np.sin(6 * X + 3 * Y)
KEYS = (
    "chi_square",
    "autocorrelation",
    "held_out",
    "extrapolated",
    "overshoot",
    "condition",
    "missing_cells",
    "uncertainty",
)


def polynomial(order, bin_size=32, **more):
    return {"use_polynomial": True, "order": order, "bin_size": bin_size, **more}


def spline(bin_size=32, **more):
    return {"bin_size": bin_size, **more}


LEFT = np.s_[:, :200]
AS_EXPECTED = [
    ("chi_square", polynomial(1), {}),
    ("chi_square", polynomial(2, 30, grid_statistic="MEDIAN"), {}),
    ("chi_square", spline(), {}),
    ("autocorrelation", polynomial(1), {}),
    ("autocorrelation", spline(), {}),
    ("autocorrelation", spline(16, grid_statistic="MEDIAN"), {}),
    ("held_out", polynomial(1), {}),
    ("held_out", spline(), {}),
    ("held_out", spline(64, grid_statistic="MEDIAN"), {}),
    ("extrapolated", spline(), {}),
    ("extrapolated", spline(128), {}),
    ("overshoot", polynomial(1), {}),
    ("overshoot", spline(), {}),
    ("overshoot", spline(64), {"smooth": PLANE + 9 * X**2}),
    ("overshoot", polynomial(2), {"smooth": 0.0}),
    ("condition", polynomial(2), {}),
    ("condition", polynomial(4), {}),
    ("missing_cells", spline(), {}),
    ("missing_cells", polynomial(4), {}),
    ("uncertainty", polynomial(1), {}),
    ("uncertainty", spline(interp_style="LINEAR"), {}),
    ("uncertainty", polynomial(3), {"empty": LEFT}),  # large, as noise alone makes it there
]
ABOVE_EXPECTATION = [
    ("chi_square", polynomial(1), {"smooth": WAVES}),
    ("chi_square", spline(64), {"smooth": WAVES, "noise": 0.5}),
    ("autocorrelation", polynomial(1), {"smooth": SWELL}),
    ("autocorrelation", polynomial(1), {"smooth": WAVES}),  # neighbours on hill and in valley
    ("autocorrelation", spline(80), {"smooth": WAVES, "noise": 0.3}),
    ("held_out", polynomial(1), {"smooth": SWELL}),
    ("held_out", spline(107, interp_style="LINEAR"), {"smooth": SWELL, "noise": 0.3}),
    ("extrapolated", spline(), {"empty": LEFT}),
    ("overshoot", polynomial(3), {"empty": LEFT, "smooth": WAVES}),
    ("overshoot", spline(), {"empty": LEFT, "smooth": WAVES}),
    # fewer cells than terms: bins in two rows only
    (
        "condition",
        polynomial(1, 128, undersample_style="INCREASE_NXNYSAMPLE"),
        {"empty": np.s_[2:]},
    ),
    # Q2: 14 cells per axis, half of them empty
    (
        "condition",
        polynomial(7, undersample_style="INCREASE_NXNYSAMPLE"),
        {"empty": np.s_[:, :230]},
    ),
    ("missing_cells", spline(100), {}),
    ("missing_cells", polynomial(7), {"empty": LEFT}),
    ("uncertainty", polynomial(1), {"smooth": SWELL}),
    ("uncertainty", spline(64), {"smooth": WAVES, "noise": 0.5}),
]


def named(case):
    key, config, how = case
    return "-".join([key, *map(str, config.values()), *how])


def judged(key, config, how):
    return diagnose(matched(settings=config, **{"smooth": PLANE, **how}))[key]


@pytest.mark.parametrize("case", AS_EXPECTED, ids=map(named, AS_EXPECTED))
def test_as_expected(case):
    found = judged(*case)
    assert found.state == EXPECTED and found.sign == "≈", (found.figure, found.expected)
    assert not found.advice
    assert found.what and found.good and found.expected


@pytest.mark.parametrize("case", ABOVE_EXPECTATION, ids=map(named, ABOVE_EXPECTATION))
def test_above_expectation(case):
    found = judged(*case)
    assert found.state == ABOVE and found.sign == "↑", (found.figure, found.expected)
    assert found.advice and found.advice in found.sentence
    config = bgviewer.MatchConfig(**case[1])
    for remedy in found.remedies:
        changed = config.replace(**dict(remedy.changes))
        assert changed != config and changed.problem(SHAPE) is None
        assert str(dict(remedy.changes).popitem()[1]) in remedy.text


@pytest.mark.parametrize(
    ("key", "config", "how", "changes"),
    [
        ("chi_square", polynomial(1), {"smooth": SWELL}, [{"order": 2}, {"bin_size": 16}]),
        ("chi_square", spline(64), {"smooth": WAVES, "noise": 0.5}, [{"bin_size": 32}]),
        ("autocorrelation", polynomial(1), {"smooth": SWELL}, [{"order": 2}, {"bin_size": 16}]),
        (
            "extrapolated",
            spline(),
            {"empty": LEFT},
            [{"interp_style": "LINEAR"}, {"bin_size": 64}],
        ),
        ("missing_cells", spline(100), {}, [{"bin_size": 50}]),
    ],
)
def test_what_to_try_is_a_setting(key, config, how, changes):
    assert [dict(r.changes) for r in judged(key, config, how).remedies] == changes


def test_a_remedy_mends_what_it_is_for():
    for key, config, how in (
        ("chi_square", polynomial(1), {"smooth": PLANE + 3 * X * Y}),
        ("missing_cells", spline(100), {}),
    ):
        before = judged(key, config, how)
        (first, *_) = before.remedies
        after = judged(key, config | dict(first.changes), how)
        assert before.state == ABOVE
        assert after.value < before.value


def test_held_out_is_above_expectation_where_noise_does_not_explain_it():
    result = matched(settings=spline(), smooth=PLANE)
    states = [
        diagnose(result, held_out=held)["held_out"].state
        for held in (
            None,
            HeldOut(0.01, 0.01, score_error=1e-4),
            HeldOut(1.00, 0.01, score_error=1e-4),
            HeldOut(1.00, 0.01, score_error=1.0),  # structure scatters, not noise
            HeldOut(math.nan, 0.01),
        )
    ]
    assert states == [EXPECTED, EXPECTED, ABOVE, ABOVE, "unknown"]


def test_a_sweep_offers_its_setting_and_names_its_best():
    remedy = Remedy("Use binSize 32", (("bin_size", 32),))
    held = HeldOut(0.90, 0.01, best=0.10, remedy=remedy, score_error=1e-4)
    found = diagnose(matched(settings=spline(64), smooth=PLANE), held_out=held)["held_out"]
    assert found.remedies == (remedy,) and "0.1." in found.good


def test_the_error_map_is_nowhere_below_a_held_out_rms_that_noise_does_not_explain():
    found = diagnose(matched(settings=polynomial(1), smooth=SWELL))
    assert found["held_out"].state == found["uncertainty"].state == ABOVE
    assert found.uncertainty.values.min() >= found["held_out"].value
    assert found.uncertainty.floor == found["held_out"].value
    assert diagnose(matched(settings=polynomial(1), smooth=PLANE)).uncertainty.floor == 0


@pytest.mark.parametrize("settings", [polynomial(1), polynomial(2), spline(100)])
def test_the_error_map_covers_a_model_that_is_too_stiff(settings):
    covered = []
    for seed, sky in enumerate((SWELL, PLANE + 2 * (X**2 + Y**2) ** 2, PLANE + 2 * X**3 - Y**3)):
        result = matched(settings=settings, smooth=sky, seed=seed)
        errors = diagnose(result).uncertainty
        y, x = (np.round(at).astype(int) for at in (errors.y, errors.x))
        wrong = np.abs(result.model.render(y=y, x=x) - sky[np.ix_(y, x)])
        covered.append(np.mean(wrong <= errors.values))
    assert np.mean(covered) > 0.5


def test_one_noisy_cell_among_constant_ones_is_told(recwarn):
    # Q23: the constant cells have no error, so that only the noisy one is fitted.
    rng = np.random.default_rng(5)
    image = np.kron(rng.integers(0, 9, (8, 10)), np.ones((32, 32))).astype(np.float32)
    image[:32, :32] += rng.standard_normal((32, 32)).astype(np.float32)
    zero = MaskedImage(np.zeros(SHAPE, np.float32))
    config = bgviewer.MatchConfig(**polynomial(2))
    found = diagnose(match_backgrounds(MaskedImage(image), zero, config, complete=False))
    assert found["condition"].state == found["missing_cells"].state == ABOVE
    assert "1 cells for 6 terms" in found["condition"].advice
    assert not recwarn.list


@pytest.mark.parametrize(
    ("key", "config", "how"),
    [
        ("chi_square", spline(1), {"shape": (12, 12), "smooth": 0.0}),
        ("chi_square", polynomial(0, 200), {}),
        ("autocorrelation", polynomial(0, 200), {}),
        ("condition", spline(), {}),
        ("uncertainty", spline(400), {}),
        ("chi_square", spline(), {"noise": 0.0, "smooth": 7.0}),
    ],
)
def test_unknown_says_why(key, config, how):
    found = judged(key, config, how)
    assert found.state == "unknown" and found.sign == "–"
    assert found.advice and found.figure == "–"


def test_units_and_sizes_are_those_given():
    result = matched(settings=spline(), smooth=PLANE)
    found = bgviewer.diagnose(result, unit="nJy")
    assert tuple(d.key for d in found.items) == KEYS
    assert found["uncertainty"].figure.endswith(" nJy")
    assert found.probe is not None and found.noise is not None and found.moran is not None
    assert found.uncertainty is not None


def test_of_a_pair_in_a_stack():
    stack = ExposureStack.of(pair(smooth=PLANE))
    config = bgviewer.MatchConfig(**spline())
    result = matched(config, smooth=PLANE)
    found = diagnose_pair(stack, 0, 1, config)
    assert [d.figure for d in found.items] == [d.figure for d in diagnose(result).items]


def test_it_can_be_stopped():
    stopped = Stoppable()
    stopped.stop()
    with pytest.raises(Cancelled):
        diagnose(matched(settings=spline()), progress=stopped)


def test_states_go_by_shape_too():
    assert tuple(SIGNS) == STATES and len(set(SIGNS.values())) == 3
