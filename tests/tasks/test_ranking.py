"""Maps and constants are no candidates for the reference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.ranking import Measurement, measure_exposure, rank_exposures
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.match import choose_reference, match_stack
from bgviewer.tasks.ranking import NO_SCATTER, rank_candidates

SHAPE = (120, 150)
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


def _noise(sigma: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, sigma, SHAPE)


def _spots() -> np.ndarray:
    image = np.zeros(SHAPE)
    image[20:24, 30:40], image[60, 70:75] = 4, 64
    return image


MAPS = {
    "constant": np.full(SHAPE, 12.0),
    "flags": _spots(),
    "inputs": 10.0 + (X // 40) + (Y // 30),
    "segments": np.where((X - 70) ** 2 + (Y - 50) ** 2 < 900, 17.0, 0.0),
    "smooth": 1e-3 * (1.0 + (X / 40.0) ** 2 + (Y / 50.0) ** 2),
}
EXPOSURES = {
    "noise": 100 + _noise(3),
    "whole numbers": np.rint(100 + _noise(0.6)),
    "gradient": 100 + 2.0 * X + _noise(1),
    "resampled": ndimage.gaussian_filter(_noise(5), 3),
    "around zero": 1e-12 * _noise(1),
}


def _image(pixels: np.ndarray) -> MaskedImage:
    return MaskedImage(image=pixels.astype("f4"))


@pytest.mark.parametrize("name", MAPS)
def test_maps_have_no_scatter(name):
    assert not measure_exposure(_image(MAPS[name])).has_scatter


@pytest.mark.parametrize("name", EXPOSURES)
def test_exposures_scatter(name):
    assert measure_exposure(_image(EXPOSURES[name])).has_scatter


def test_flagged_constant_pixels_do_not_count():
    pixels = 100 + _noise(2)
    pixels[:, :140] = 0
    flags = np.zeros(SHAPE, "u4")
    assert not measure_exposure(_image(pixels)).has_scatter
    flags[:, :140] = 1
    masked = MaskedImage(image=pixels.astype("f4"), mask=flags, planes={"BAD": 0})
    assert measure_exposure(masked).has_scatter


@pytest.mark.parametrize("name", MAPS)
def test_a_map_never_wins_and_changes_no_other_cost(name):
    images = [_image(100 + _noise(3)), _image(MAPS[name]), _image(130 + _noise(2, 2))]
    measured = [measure_exposure(i) for i in images]
    ranking = rank_candidates(measured)
    alone = rank_exposures([measured[0], measured[2]])
    assert np.isnan(ranking.cost[1])
    assert ranking.order[-1] == 1
    np.testing.assert_array_equal(ranking.cost[[0, 2]], alone.cost)


def test_the_engine_ranks_as_lsst_does():
    flat = Measurement(0.0, 12.0, 100.0, has_scatter=False)
    assert rank_exposures([Measurement(4.0, 100.0, 100.0), flat]).best == 1


def test_nothing_but_maps_is_ranked_all_the_same():
    flats = [Measurement(v, 12.0, 100.0, has_scatter=False) for v in (2.0, 1.0)]
    assert rank_candidates(flats).best == 1


def test_a_map_may_be_chosen_and_is_warned_of():
    stack = ExposureStack.of(
        [_image(100 + _noise(3)), _image(MAPS["constant"]), _image(110 + _noise(3, 5))],
        names=["a", "map", "b"],
    )
    config = MatchConfig(bin_size=32)
    assert choose_reference(stack, config)[0] != 1
    for reference in (None, "map"):
        outcomes = match_stack(stack, config, reference)
        assert [NO_SCATTER in o.warnings for o in outcomes] == [False, True, False]
    assert outcomes[1].is_reference
