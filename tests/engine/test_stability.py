"""Share of random weights in which each exposure wins."""

import math

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.ranking import Measurement, rank_exposures
from bgviewer.engine.stability import stability_of


def test_an_exposure_better_in_all_terms_always_wins():
    ranking = rank_exposures([Measurement(4, 50, 90), Measurement(1, 10, 100)])
    stability = stability_of(ranking)
    assert stability.best == 1 and stability.share == 1.0 and stability.runner_up is None


def test_shares_are_the_areas_of_the_triangle_of_weights():
    # The first wins where its variance term loses less than its level term gains: half the area.
    ranking = rank_exposures([Measurement(1, 2, 9), Measurement(2, 1, 9), None])
    stability = stability_of(ranking, draws=20_000)
    assert stability.shares[:2] == pytest.approx([0.5, 0.5], abs=0.02)
    assert stability.shares[2] == 0 and stability.shares.sum() == pytest.approx(1.0)
    assert stability.runner_up == 1 - stability.best


def test_one_exposure_draw_by_draw_agrees_with_the_ranking():
    found = [Measurement(1, 5, 80), Measurement(3, 2, 99), Measurement(2, 3, 60), None]
    weights = np.random.default_rng(7).dirichlet(np.ones(3), 200)
    wins = np.zeros(4)
    for variance, level, coverage in weights:
        config = MatchConfig(
            best_ref_weight_variance=variance,
            best_ref_weight_level=level,
            best_ref_weight_coverage=coverage,
        )
        wins[rank_exposures(found, config).best] += 1
    stability = stability_of(rank_exposures(found), draws=200, seed=7)
    np.testing.assert_array_equal(stability.shares, wins / 200)


def test_the_same_twice_and_without_cost_never_wins():
    found = [Measurement(2, 5, 80), Measurement(math.nan, 1, 99), Measurement(1, 9, 70)]
    first, second = (stability_of(rank_exposures(found)) for _ in range(2))
    np.testing.assert_array_equal(first.shares, second.shares)
    assert first.shares[1] == 0
