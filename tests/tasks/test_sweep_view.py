"""What is painted of a sweep: values by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.scores import Score
from bgviewer.engine.sweeping import Candidate, SweepCell, SweepSpace
from bgviewer.tasks.sweep_view import (
    curves_through,
    expected_error,
    heat_map,
    summary_of,
    sweep_tsv,
)

SPACE = SweepSpace((256, 64), (1, 3), ("AKIMA_SPLINE",))


def score(value: float, error: float = 0.1, sign: int = 1) -> Score:
    """Two groups of weight 1 whose mean and standard error are as wanted."""
    sums = np.array([value - sign * error, value + sign * error])
    return Score(value, error, 1.0, sums, np.ones(2))


def cell(size: int, order: int | None, value: float, freedom: int, train: float = 0.5) -> SweepCell:
    style = None if order else "AKIMA_SPLINE"
    candidate = Candidate(size, order, style, "MEAN")
    held = score(value, sign=1 if order else -1)  # so that splines and polynomials scatter apart
    return SweepCell(candidate, score=held, training=score(train), freedom=freedom)


CELLS = (
    cell(256, 1, 16.0, 3),
    SweepCell(Candidate(256, 3, None, "MEAN"), "too few cells"),
    cell(256, None, 4.0, 16),
    cell(64, 1, 9.0, 3),
    cell(64, 3, 1.0, 10),
    cell(64, None, 1.0 - 1e-3, 256, train=-0.25),
)


def test_the_map_has_a_row_for_each_binning_and_a_column_for_each_model():
    heat = heat_map(SPACE, CELLS, Candidate(256, None, "AKIMA_SPLINE", "MEAN"))
    assert heat.rows == ((256, "MEAN"), (64, "MEAN")) and heat.statistics == 1
    assert heat.columns == ("order 1", "order 3", "AKIMA_SPLINE")
    errors = [[c.error for c in row] for row in heat.cells]
    np.testing.assert_allclose(errors, [[4, np.nan, 2], [3, 1, math.sqrt(0.999)]])
    marks = {
        name: [c.candidate for row in heat.cells for c in row if getattr(c, name)]
        for name in ("best", "choice", "current")
    }
    assert marks["best"] == [Candidate(64, None, "AKIMA_SPLINE", "MEAN")]
    assert marks["choice"] == [Candidate(64, 3, None, "MEAN")], "fewer numbers, as good"
    assert marks["current"] == [Candidate(256, None, "AKIMA_SPLINE", "MEAN")]
    assert math.isnan(heat.cells[0][1].shade) and heat.cells[0][1].swept is CELLS[1]


def test_colours_are_even_in_the_logarithm():
    shades = {c.candidate: c.shade for row in heat_map(SPACE, CELLS).cells for c in row}
    low, high = math.sqrt(0.999), 4.0
    assert shades[CELLS[0].candidate] == pytest.approx(1)
    assert shades[CELLS[5].candidate] == 0
    assert shades[CELLS[2].candidate] == pytest.approx(math.log(2 / low) / math.log(high / low))


def test_a_map_that_fills_in_knows_what_has_not_come():
    heat = heat_map(SPACE, CELLS[:1])
    assert [c.swept is None for row in heat.cells for c in row] == [False, *[True] * 5]
    assert heat.cells[0][0].shade == 0, "one cell alone is no contrast"
    assert not any(c.best for row in heat_map(SPACE, ()).cells for c in row)


def test_differences_of_a_few_per_cent_are_not_blown_up_to_the_whole_scale():
    cells = (cell(256, 1, 1.0, 3), cell(64, 1, 1.02, 3))
    shades = [c.shade for row in heat_map(SPACE, cells).cells for c in row if c.swept]
    assert 0 < max(shades) < 0.25


def test_a_score_within_its_error_of_zero_gives_a_limit():
    assert expected_error(score(4.0)) == (2.0, False)
    assert expected_error(score(0.05, 0.11)) == (pytest.approx(0.4), True)
    assert expected_error(score(-0.3, 0.25)) == (0.5, True)
    assert expected_error(score(4.0, math.nan)) == (2.0, False)


def test_the_summary_names_lssts_default_where_it_was_tried():
    summary = summary_of(CELLS, CELLS[0].candidate)
    assert summary.choice is CELLS[4] and summary.best is CELLS[5]
    assert Candidate.of(MatchConfig()) == Candidate(256, None, "AKIMA_SPLINE", "MEAN")
    assert summary.default is CELLS[2] and summary.current is CELLS[0]
    assert summary_of(CELLS[:2]).default is None
    assert summary_of(()).choice is None


def test_curves_keep_the_sign_under_the_root():
    spline = Candidate(64, None, "AKIMA_SPLINE", "MEAN")
    curve = curves_through(SPACE, CELLS, spline, "bin_size")
    assert curve.names == ("256", "64") and curve.here == 1
    np.testing.assert_allclose(curve.held_out, [2, math.sqrt(0.999)])
    np.testing.assert_allclose(curve.high, [math.sqrt(4.1), math.sqrt(1.099)])
    np.testing.assert_allclose(curve.training, [math.sqrt(0.5), -0.5])
    curve = curves_through(SPACE, CELLS, Candidate(256, 3, None, "MEAN"), "model")
    assert curve.names == ("order 1", "order 3", "AKIMA_SPLINE")
    assert curve.at.tolist() == [0, 2], "the one that could not be has no point"
    empty = curves_through(SPACE, (), spline, "model")
    assert len(empty.at) == len(empty.held_out) == 0


def test_the_table_has_a_line_for_each_setting():
    lines = [line.split("\t") for line in sweep_tsv(SPACE, CELLS[:-1], "nJy").splitlines()]
    assert len(lines) == 7 and {len(line) for line in lines} == {10}
    assert lines[0][4] == "held-out score [nJy²]" and lines[0][6] == "held-out error [nJy]"
    assert lines[1][:7] == ["256", "order 1", "MEAN", "3", "16", "0.1", "4"]
    assert lines[2][9] == "too few cells" and lines[6][9] == "not tried yet"
    assert lines[5][8] == "recommended, lowest score"
