"""Matrices of the consistency, and the picture of the model's error."""

from __future__ import annotations

import math

import numpy as np

from bgviewer.engine.uncertainty import UncertaintyMap
from bgviewer.tasks.consistency import ConsistencyRequest, check_closure, check_overlap
from bgviewer.tasks.consistency_view import closure_matrix, overlap_matrix, place_of
from bgviewer.tasks.diagnostic import ABOVE
from bgviewer.tasks.error_map import error_picture
from tests.tasks.test_consistency import FLAT, X, stack_of


def test_overlap_in_percent_with_signs():
    boxes = [(0, 60), (54, 160), (130, 192)]
    names = ["night_a", "night_b", "night_c"]
    stack = stack_of(1, 2, 3, noise=0.1, boxes=boxes, names=names)
    found = overlap_matrix(check_overlap(ConsistencyRequest(stack, FLAT)))
    assert found.names == tuple(names) and found.short_names == ("…a", "…b", "…c")
    texts = [[c.text for c in row] for row in found.cells]
    # 6 of 60 columns, none, 30 of 62
    assert texts == [["", "10 ↑", "0 ↑"], ["10 ↑", "", "48"], ["0 ↑", "48", ""]]
    assert [c.state for c in found.cells[0]] == ["", ABOVE, ABOVE]
    assert f"{128 * 6} good pixels" in found.cells[0][1].story[0]


def test_closure_is_symmetric_and_tells_where():
    stack = stack_of(*[20 + s * X for s in (0.0, 3.0, -1.0)])
    closure = check_closure(ConsistencyRequest(stack, FLAT), 0)
    found = closure_matrix(closure)
    matrix = closure.matrix
    for i in range(3):
        for j in range(3):
            cell = found.cells[i][j]
            assert (cell.first, cell.second) == (i, j)
            assert cell.text == found.cells[j][i].text
            if i != j:
                assert cell.text.startswith(f"{matrix[i, j]:.2g}")
                assert "x = " in cell.story[1]


def test_a_pair_is_shown_by_the_one_that_is_not_the_reference():
    assert place_of(0, 2, 0) == 2 and place_of(2, 0, 0) == 2 and place_of(1, 2, 0) == 1


def test_the_picture_of_the_error_is_upright_and_marks_what_is_unknown():
    values = np.array([[1.0, 10.0], [100.0, np.nan]])
    picture = error_picture(UncertaintyMap(np.arange(2.0), np.arange(2.0), values, "folds", 1.0))
    assert picture.codes.tolist() == [[255, 0], [1, 128]]
    assert (picture.low, picture.high) == (1.0, 100.0)
    same = UncertaintyMap(np.arange(2.0), np.arange(2.0), np.full((2, 2), 3.0), "folds", 1.0)
    assert error_picture(same).codes.tolist() == [[1, 1], [1, 1]]
    nothing = UncertaintyMap(np.arange(1.0), np.arange(1.0), np.full((1, 1), np.nan), "folds", 1.0)
    assert math.isnan(error_picture(nothing).low) and not error_picture(nothing).codes.any()
