from __future__ import annotations

import numpy as np
import pytest

from bgviewer import (
    ConfigError,
    ExposureStack,
    MaskedImage,
    MatchConfig,
    NoReferenceError,
    ReadError,
    match_stack,
)
from bgviewer.engine.progress import Stoppable
from bgviewer.engine.synthetic import make_stack
from bgviewer.errors import Cancelled
from bgviewer.tasks.match import choose_reference, find_exposure, iterate_matches

CONFIG = MatchConfig(bin_size=16, interp_style="LINEAR")


def plane(level: float, seed: int = 0, slope: float = 0.0) -> MaskedImage:
    rng = np.random.default_rng(seed)
    image = level + slope * np.arange(48) + rng.normal(0, 1, (40, 48))
    return MaskedImage(image, variance=np.ones((40, 48)))


def test_one_outcome_per_exposure_in_order():
    stack = ExposureStack.of([plane(10, 1), plane(20, 2), plane(30, 3)], names=["a", "b", "c"])
    outcomes = match_stack(stack, CONFIG, reference=1)
    assert [o.name for o in outcomes] == ["a", "b", "c"]
    assert [o.status for o in outcomes] == ["matched", "reference", "matched"]
    assert [o.is_reference for o in outcomes] == [False, True, False]
    # the model is what must be ADDED: reference - science
    assert outcomes[0].model.render(y=[20], x=[24])[0, 0] == pytest.approx(10, abs=1)
    assert outcomes[2].model.render(y=[20], x=[24])[0, 0] == pytest.approx(-10, abs=1)
    assert outcomes[1].fit_rms == 0.0
    assert outcomes[1].model is None
    assert outcomes[1].matched_mse is None


def test_the_first_exposure_can_be_the_given_reference():
    stack = ExposureStack.of([plane(30, 1), plane(10, 2), plane(20, 3)])
    outcomes = match_stack(stack, CONFIG, reference=0)
    assert [o.is_reference for o in outcomes] == [True, False, False]


def test_chosen_reference_is_the_best_of_the_ranking():
    config = CONFIG.replace(best_ref_weight_level=1.0, best_ref_weight_variance=0.0)
    stack = ExposureStack.of([plane(30, 1), plane(10, 2), plane(20, 3)])
    best, ranking = choose_reference(stack, config)
    assert best == 1
    assert ranking.order == (1, 2, 0)
    assert [o.is_reference for o in match_stack(stack, config)] == [False, True, False]


def test_duplicates_of_the_reference_are_references():
    first = plane(10, 1)
    stack = ExposureStack.of([first, plane(20, 2), first], identities=["v1", "v2", "v1"])
    outcomes = match_stack(stack, CONFIG, reference=0)
    assert [o.status for o in outcomes] == ["reference", "matched", "reference"]


def test_one_failure_never_stops_the_others():
    wrong = MaskedImage(np.zeros((40, 47)))
    empty = MaskedImage(np.full((40, 48), np.nan))
    stack = ExposureStack.of([plane(10, 1), wrong, None, empty, plane(20, 2)])
    outcomes = match_stack(stack, CONFIG, reference=0)
    assert [o.status for o in outcomes] == ["reference", "failed", "failed", "failed", "matched"]
    assert "47 x 40" in outcomes[1].reason
    assert "cannot be read" in outcomes[2].reason
    assert "no overlap" in outcomes[3].reason
    for failed in outcomes[1:3]:
        assert failed.fit_rms is None and failed.model is None


def test_unreadable_candidates_are_skipped_unless_strict():
    stack = ExposureStack.of([None, plane(10, 1), plane(20, 2)])
    assert choose_reference(stack, CONFIG)[0] in (1, 2)
    with pytest.raises(ReadError):
        match_stack(stack, CONFIG, strict=True)


def test_given_reference_that_cannot_be_read_raises():
    stack = ExposureStack.of([None, plane(10, 1), plane(20, 2)])
    with pytest.raises(ReadError):
        match_stack(stack, CONFIG, reference=0)


def test_scale_factors_act_on_image_and_variance():
    stack = ExposureStack.of([plane(10, 1), plane(20, 2)], scales=[2.0, 3.0])
    outcome = match_stack(stack, CONFIG, reference=0)[1]
    # 2 * 10 - 3 * 20, variance 4 + 9
    assert outcome.model.render(y=[20], x=[24])[0, 0] == pytest.approx(-40, abs=3)
    assert outcome.diff_im_var == pytest.approx(13.0, rel=1e-6)
    assert outcome.scale == 3.0


def test_scale_of_a_given_reference_can_be_said():
    """LSST scales a given reference by its own scaler argument, not by that of its entry."""
    stack = ExposureStack.of([plane(10, 1), plane(20, 2)], scales=[2.0, 3.0])
    outcome = match_stack(stack, CONFIG, reference=0, reference_scale=None)[1]
    assert outcome.model.render(y=[20], x=[24])[0, 0] == pytest.approx(-50, abs=3)


def test_a_scaler_that_fails_is_an_outcome():
    def broken(_: object) -> float:
        raise ValueError("no calibration")

    stack = ExposureStack.of([plane(10, 1), plane(20, 2), plane(5, 3)], scales=[1, broken, 1])
    outcomes = match_stack(stack, CONFIG, reference=0)
    assert [o.status for o in outcomes] == ["reference", "failed", "matched"]
    assert "no calibration" in outcomes[1].reason


def test_no_exposures_and_no_reference():
    with pytest.raises(NoReferenceError, match="no exposures"):
        match_stack(ExposureStack.of([]), CONFIG)
    empty = MaskedImage(np.full((8, 8), np.nan))
    with pytest.raises(NoReferenceError, match="none of the 2"):
        match_stack(ExposureStack.of([empty, empty]), CONFIG)


@pytest.mark.parametrize("wanted", [3, -1, "nobody"])
def test_unknown_reference_says_what_there_is(wanted):
    stack = ExposureStack.of([plane(10, 1), plane(20, 2)], names=["a", "b"])
    with pytest.raises(ConfigError, match=str(wanted)):
        find_exposure(stack, wanted)


def test_stopping_ends_the_run():
    generated = make_stack(shape=(64, 64), n_exposures=3, odd_one=False)
    progress = Stoppable()
    steps = iterate_matches(ExposureStack.of(generated.exposures), CONFIG, 0, progress=progress)
    next(steps)
    progress.stop()
    with pytest.raises(Cancelled):
        next(steps)


def test_model_recovers_the_known_sky():
    made = make_stack(shape=(256, 256), n_exposures=3, odd_one=False, n_stars=20, plane_only=True)
    stack = ExposureStack.of(made.exposures)
    config = MatchConfig(bin_size=64, use_polynomial=True, order=1)
    for outcome in match_stack(stack, config, reference=0)[1:]:
        truth = made.sky[0] - made.sky[outcome.id]
        error = outcome.model.render() - truth
        # what is left comes from cells at ragged edges, whose pixels lie off their centres
        assert np.ptp(truth) > 10
        assert np.sqrt(np.mean(error**2)) < 0.02 * np.ptp(truth)


def test_pixels_on_another_scale_are_told():
    """ADU beside an image normalised to 0...1: nothing is scaled, so the user has to know."""
    sky = np.random.default_rng(3).normal(1000, 10, (64, 64))
    images = [MaskedImage(image=i) for i in (sky, sky / 65535, sky + 3)]
    config = MatchConfig(bin_size=32)
    _, normalised, alike = match_stack(images, config, reference=0)
    assert any("6.6e+04 times less" in text for text in normalised.warnings)
    assert alike.warnings == ()
