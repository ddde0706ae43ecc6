"""Small residual maps: where each bin lies, the common scale, the order."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.bins import JudgedBins
from bgviewer.tasks.overview import ResidualMap, Tile, overview_levels, painted, residual_map


def bins(rows, columns, size, residuals):
    left, bottom = np.asarray(columns) * size, np.asarray(rows) * size
    zero = np.zeros(len(left))
    return JudgedBins(
        x=zero,
        y=zero,
        values=np.asarray(residuals, float) + 7,
        errors=zero,
        counts=np.ones(len(left), np.int64),
        left=left,
        right=left + size,
        bottom=bottom,
        top=bottom + size,
        n_dropped=0,
        model=zero + 7,
    )


def test_each_bin_lies_where_it_was_and_gaps_have_no_value():
    made = residual_map(bins([0, 2], [1, 0], 10, [3, -4]), (30, 20))
    assert made.values.shape == (3, 2)
    assert made.values[0, 1] == 3 and made.values[2, 0] == -4
    assert np.isnan(made.values).sum() == 4
    assert made.rms == pytest.approx(np.sqrt(12.5))


def test_many_bins_share_pixels():
    rows, columns = (v.ravel() for v in np.mgrid[:8, :8])
    made = residual_map(bins(rows, columns, 4, rows), (32, 32), side=4)
    np.testing.assert_array_equal(made.values, np.repeat([[0.5], [2.5], [4.5], [6.5]], 4, axis=1))


def test_one_bin_is_met_exactly_and_none_has_no_map():
    assert residual_map(bins([0], [0], 8, [1e-9]), (8, 8)).rms == 0.0
    assert residual_map(bins([], [], 8, []), (8, 8)) is None


def test_one_scale_for_all():
    maps = [ResidualMap(np.full((2, 2), v, np.float32), v) for v in (1.0, 1.0, 1.0, -2.0)]
    levels = overview_levels([*maps, None])
    assert levels.low == -levels.high
    assert levels.high == 2.0
    assert overview_levels([None]).high == 1.0


def test_the_worst_comes_first_and_the_reference_last():
    def tile(i, rms=None, state="matched"):
        held = None if rms is None else ResidualMap(np.zeros((1, 1), np.float32), rms)
        return Tile(i, str(i), state, rms, map=held)

    tiles = [tile(0, None, "reference"), tile(1, 2.0), tile(2, None, "failed"), tile(3, 5.0)]
    assert [t.exposure for t in sorted(tiles, key=lambda t: t.order)] == [3, 1, 2, 0]
    tiles.append(tile(4, 9.0, "outdated"))
    ordered = [t.exposure for t in sorted(tiles, key=lambda t: t.order)]
    assert ordered == [3, 1, 4, 2, 0], "figures of other settings come after those of the present"


def test_painting_puts_the_first_row_at_the_bottom():
    small = ResidualMap(np.array([[-1, 1], [0, np.nan]], np.float32), 1.0)
    table = np.array([[i, i, i, 255] for i in range(3)], np.uint8)
    rgba = painted(small, overview_levels([small]), table, (9, 9, 9, 255))
    assert rgba[:, :, 0].tolist() == [[1, 9], [0, 2]]
