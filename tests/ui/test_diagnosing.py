"""Parts of the dock of diagnostics by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor

from bgviewer.tasks.consistency_view import Matrix, MatrixCell
from bgviewer.tasks.diagnostic import ABOVE, STATES
from bgviewer.tasks.error_map import ErrorPicture
from bgviewer.ui.diagnosing.error_map_view import ErrorMapView
from bgviewer.ui.diagnosing.matrix_view import MatrixView
from bgviewer.ui.diagnosing.words import state_text


def matrix() -> Matrix:
    def cell(i: int, j: int) -> MatrixCell:
        on = i != j
        return MatrixCell(10 + i, 10 + j, "5 ↑" if on else "", ABOVE if on else "", (f"{i} {j}",))

    cells = tuple(tuple(cell(i, j) for j in range(2)) for i in range(2))
    return Matrix((10, 11), ("night_of_a_long_name_1", "night_of_a_long_name_2"), cells, "%")


def test_states_differ_by_sign_and_word(qapp):
    texts = [state_text(s) for s in STATES]
    assert len({t.split()[0] for t in texts}) == len({t.split()[1] for t in texts}) == 3


def test_a_matrix_tells_pairs_by_mouse_and_keys(qtbot):
    view = MatrixView()
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show_matrix(matrix())
    view.show()
    pairs: list[tuple[int, int]] = []
    view.pair_chosen.connect(lambda a, b: pairs.append((a, b)))
    index = view.pairs.index(1, 0)
    qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center()
    )
    view.setCurrentIndex(view.pairs.index(0, 1))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert pairs == [(11, 10), (10, 11)]
    horizontal = view.pairs.headerData(1, Qt.Orientation.Horizontal)
    vertical = view.pairs.headerData(1, Qt.Orientation.Vertical)
    assert horizontal == "…2" and vertical.startswith("…") and vertical.endswith("name_2")
    role = Qt.ItemDataRole
    assert view.pairs.data(index, role.DisplayRole) == "5 ↑"
    assert ABOVE in view.pairs.data(index, role.AccessibleTextRole)
    assert "go there" not in view.pairs.data(view.pairs.index(0, 0), role.AccessibleTextRole)
    view.show_matrix(None)
    assert view.pairs.rowCount() == 0


@pytest.mark.parametrize("high", [4.0, 1.0])
def test_the_map_is_bright_where_the_error_is_large(qtbot, high):
    view = ErrorMapView()
    qtbot.addWidget(view)
    view.resize(200, 200)
    codes = np.array([[1, 255], [1, 255]], np.uint8)
    view.show_picture(ErrorPicture(codes, 1.0, high), "adu")
    view.show()
    image = view.grab().toImage()
    left, right = (QColor(image.pixel(x, 60)).lightness() for x in (40, 160))
    assert right > left + 30
    assert view.words == view.accessibleDescription() and view.words.endswith("adu")
    view.show_picture(None)
    assert "no error" in view.words
