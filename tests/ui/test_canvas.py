"""Pictures on the canvas have the colours of their values."""

import numpy as np
import pyqtgraph as pg
import pytest
from PyQt6.QtGui import QImage

from bgviewer.tasks.picture import coloured
from bgviewer.ui.canvas import SmoothImage
from bgviewer.ui.theme import colour_table
from tests.loops import computing_with


def pixels(image: QImage) -> np.ndarray:
    """RGBA of every pixel."""
    form = QImage.Format.Format_RGBA8888
    same = image.convertToFormat(form)
    data = same.constBits().asstring(same.sizeInBytes())
    return np.frombuffer(data, np.uint8).reshape(same.height(), same.width(), 4)


def rendered(kind, values, levels, table):
    item = kind(values, axisOrder="row-major", levels=levels)
    item.setLookupTable(table)
    item.render()
    return pixels(item.qimage)


@pytest.mark.parametrize("scale", ["sequential", "diverging", "sky"])
@pytest.mark.parametrize("levels", [(-1.0, 2.0), (0.0, 1e-3), (5.0, 9.0)])
def test_colours_are_those_of_pyqtgraph(qapp, scale, levels):
    values = np.random.default_rng(1).normal(0, 3, (40, 56)).astype(np.float32)
    table = colour_table(scale)
    with computing_with("compiled"):
        ours = rendered(SmoothImage, values, levels, table)
    theirs = rendered(pg.ImageItem, values, levels, table)
    # rounding may put a value on the border into the next of 256 entries
    entries = {tuple(c): i for i, c in enumerate(table.tolist())}
    step = [
        abs(entries[tuple(a)] - entries[tuple(b)])
        for a, b in zip(ours.reshape(-1, 4).tolist(), theirs.reshape(-1, 4).tolist(), strict=True)
    ]
    assert max(step) <= 1 and np.count_nonzero(step) < 10


def test_colours_without_compiled_loops(qapp):
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    table = colour_table("sky")
    with computing_with("numpy"):
        ours = rendered(SmoothImage, values, (0.0, 1.0), table)
    theirs = rendered(pg.ImageItem, values, (0.0, 1.0), table)
    np.testing.assert_array_equal(ours, theirs)


def test_clear_entries_stay_clear(qapp):
    values = np.array([[0, 1], [2, 0]], dtype=np.float32)
    table = colour_table("planes", 3)
    with computing_with("compiled"):
        ours = rendered(SmoothImage, values, (0, 3), table)
    np.testing.assert_array_equal(ours, table[values.astype(int)])


def test_every_number_has_a_colour():
    table = np.arange(4, dtype=np.uint32)
    values = np.array([[-np.inf, -1, 0, 0.9, 1, 3.99, 4, 9, np.inf, np.nan]], dtype=np.float32)
    with computing_with("compiled"):
        assert coloured(values, (0, 4), table).tolist() == [[0, 0, 0, 0, 1, 3, 3, 3, 3, 0]]
        assert coloured(values, (2, 2), table).max() <= 3
