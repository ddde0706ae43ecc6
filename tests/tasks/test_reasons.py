"""Why an exposure is not the reference, in words."""

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.ranking import Measurement, rank_exposures
from bgviewer.engine.stability import stability_of
from bgviewer.tasks.reasons import describe_stability, explain_cost, stability_lines

FOUND = [Measurement(10, 103, 88), Measurement(8, 100, 100), None]
NAMES = ["a", "b", "c"]


def test_term_by_term_against_the_winner():
    text = explain_cost(0, rank_exposures(FOUND), FOUND, NAMES)
    assert text.startswith("a beside b: pixel variance 25 % higher, level 3 % brighter, ")
    # Weighted terms 0.4, 0.2, 0.4 against 0.32, 0.194, 0.352 (1 over the largest).
    assert (
        "coverage 12 % less; cost 1.00 against 0.866, because of its pixel variance (60 %) and "
        "coverage (36 %)." in text
    )


def test_what_decided_is_named():
    found = [Measurement(10, 100, 100), Measurement(5, 101, 99), Measurement(10, 100, 101)]
    ranking = rank_exposures(found)
    assert ranking.best == 1
    assert explain_cost(0, ranking, found, NAMES).endswith(", because of its pixel variance.")
    both = [Measurement(10, 150, 100), Measurement(5, 140, 100)]
    text = explain_cost(0, rank_exposures(both), both, NAMES)
    assert text.endswith(", mostly because of its pixel variance.")


def test_the_winner_and_one_without_cost():
    ranking = rank_exposures(FOUND)
    assert (
        explain_cost(1, ranking, FOUND, NAMES) == "b has the lowest cost, 0.866; next is a, 1.00."
    )
    assert "has no cost" in explain_cost(2, ranking, FOUND, NAMES)


def test_terms_without_weight_are_no_reason_and_negative_levels_have_no_percent():
    config = MatchConfig(best_ref_weight_variance=0.0)
    found = [Measurement(10, 3, 88), Measurement(8, -2, 100)]
    text = explain_cost(0, rank_exposures(found, config), found, NAMES)
    assert "variance" not in text and "level 3 against -2 (brighter)" in text


def test_stability_names_the_runner_up():
    found = [Measurement(1, 2, 9), Measurement(2, 1, 9)]
    stability = stability_of(rank_exposures(found))
    line, meaning = describe_stability(stability, NAMES)
    assert line.startswith(f"{NAMES[stability.best]} wins in ") and line.endswith(
        " % of random weights"
    )
    second = NAMES[stability.runner_up]
    assert f"Runner-up: {second}" in meaning and second in stability_lines(stability, NAMES)[0]
