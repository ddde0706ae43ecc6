"""The map of the model's error, against closed forms and against many noisy skies."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.uncertainty import uncertainty_map
from tests.engine.judged import matched, positions

SHAPE = (256, 320)
POLYNOMIAL = {"bin_size": 32, "use_polynomial": True, "order": 2}


def test_a_constant_is_known_as_well_as_the_mean_of_all_cells():
    settings = {**POLYNOMIAL, "order": 0, "approx_weighting": False}
    result = matched(settings=settings, holes=0.1)
    errors = result.cells.errors.astype(float)
    found = uncertainty_map(result)
    expected = np.sqrt(np.sum(errors**2)) / errors.size
    np.testing.assert_allclose(found.values, found.factor * expected, rtol=1e-6)
    assert found.kind == "covariance" and found.cell_error == np.median(errors)
    assert 1.0 <= found.factor < 1.3


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [
        (POLYNOMIAL, 0.9, 1.15),
        ({**POLYNOMIAL, "order": 4, "approx_weighting": False}, 0.9, 1.15),
        ({"bin_size": 32}, 0.6, 1.4),
        ({"bin_size": 32, "interp_style": "LINEAR"}, 0.6, 1.4),
        ({"bin_size": 32, "interp_style": "NATURAL_SPLINE"}, 0.6, 1.4),
    ],
)
def test_it_is_the_scatter_of_models_of_many_skies(settings, low, high):
    empty = np.s_[:, :70]
    models, maps = [], []
    for seed in range(30):
        result = matched(settings=settings, seed=seed, empty=empty)
        found = uncertainty_map(result, side=24)
        maps.append(found.values)
        models.append(result.model.render(y=found.y, x=found.x))
    scatter = np.sqrt(np.mean(np.square(models, dtype=float), axis=0))  # the true sky is 0
    told = np.sqrt(np.mean(np.square(maps), axis=0))
    assert low < np.median(told / scatter) < high
    assert np.median(told[:, 0]) > 3 * np.median(told[:, 12]), "loose where there are no cells"


def test_what_the_polynomial_cannot_follow_makes_it_uncertain():
    y, x = positions(SHAPE)
    still = uncertainty_map(matched(settings=POLYNOMIAL))
    waves = uncertainty_map(matched(settings=POLYNOMIAL, smooth=5 * np.sin(9 * x + 5 * y)))
    assert waves.factor > 20 and waves.quantile(0.5) > 15 * still.quantile(0.5)


def test_without_errors_the_scatter_of_the_cells_stands_for_them():
    steps = np.kron(np.random.default_rng(2).integers(-3, 4, (8, 10)), np.ones((32, 32)))
    result = matched(settings=POLYNOMIAL, smooth=steps, noise=0.0)
    found = uncertainty_map(result)
    assert np.isnan(found.cell_error)
    left = result.cells.values - result.model.render(result.cells.y_local, result.cells.x_local)
    expected = np.sqrt(np.sum(left.astype(float) ** 2) / 74) * np.sqrt(6 / 80)
    assert np.sqrt(np.mean(found.values**2)) == pytest.approx(expected, rel=0.25)


def test_one_cell_says_nothing_of_a_spline():
    assert np.isnan(uncertainty_map(matched(settings={"bin_size": 400})).quantile(0.5))
