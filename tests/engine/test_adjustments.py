"""What was not done as asked is part of the result: kind, asked, used, text."""

import numpy as np
import pytest

import bgviewer

from .adapters import masked_image
from .stage import pair, plane_pair


def match(ref, sci, **options):
    config = bgviewer.MatchConfig(**options)
    return bgviewer.match_backgrounds(masked_image(ref), masked_image(sci), config)


def only(result):
    (adjustment,) = result.adjustments
    assert len(adjustment.text.split()) > 4, "the text is a sentence"
    return adjustment


def noisy(shape=(40, 60)):
    ref, sci = plane_pair(shape, 0.1, 0.2)
    ref["image"] += np.random.default_rng(1).normal(size=shape).astype(np.float32)
    return ref, sci


POLYNOMIAL = {"use_polynomial": True, "bin_size": 8}


def test_nothing_reduced_nothing_told():
    ref, sci = noisy()
    assert match(ref, sci, bin_size=8).adjustments == ()
    assert match(ref, sci, order=3, **POLYNOMIAL).adjustments == ()


def test_style_is_reduced():
    told = only(match(*noisy(), bin_size=12))  # 5 x 4 cells
    assert told.kind == "interp_style_reduced"
    assert (told.asked, told.used) == ("AKIMA_SPLINE", "CUBIC_SPLINE")
    assert "AKIMA_SPLINE" in told.text
    assert "5 × 4" in told.text


def test_order_is_reduced():
    ref, sci = noisy()
    ref["image"][:, 16:] = np.nan  # two columns of bins
    result = match(ref, sci, order=4, **POLYNOMIAL)
    told = next(a for a in result.adjustments if a.kind == "order_reduced")
    assert (told.asked, told.used) == (4, 1)
    assert result.used_order == 1


def test_cells_are_added_as_the_original_does_it():
    """The new bin SIZE becomes the COUNT of cells per axis (SPEC 12, Q2)."""
    ref, sci = noisy((40, 60))
    ref["image"][:, 24:] = np.nan  # g = 3 columns; q = 3 * 8 // (4 + 1) = 4
    more = {"undersample_style": "INCREASE_NXNYSAMPLE", "order": 4}
    result = match(ref, sci, **more, **POLYNOMIAL)
    assert result.cells.values.shape == (4, 4)
    assert result.used_order == 4
    told = next(a for a in result.adjustments if a.kind == "samples_per_axis_changed")
    assert (told.asked, told.used) == ((8, 5), (4, 4))
    assert "4" in told.text


def test_cells_are_added_as_it_was_meant():
    ref, sci = noisy((40, 60))
    ref["image"][:, 24:] = np.nan
    more = {"undersample_style": "INCREASE_NXNYSAMPLE", "order": 4, "corrected_increase": True}
    result = match(ref, sci, **more, **POLYNOMIAL)
    assert result.cells.values.shape == (10, 15)  # cells of 4 pixels
    assert any(a.kind == "samples_per_axis_changed" for a in result.adjustments)


def test_weighting_is_switched_off_where_nothing_scatters():
    ref, sci = plane_pair((40, 60), 0.0, 0.0)
    result = match(ref, sci, order=2, **POLYNOMIAL)
    assert result.used_weighting is False
    told = only(result)
    assert (told.kind, told.asked, told.used) == ("weighting_off", True, False)
    unweighted = match(ref, sci, order=2, approx_weighting=False, **POLYNOMIAL)
    assert unweighted.adjustments == ()
    assert unweighted.used_weighting is False


def test_epsilon_decides_about_the_weighting():
    """dZ = stdev / sqrt(n) against epsilon, though the floor is on stdev (SPEC 12, Q22)."""
    ref, sci = noisy()
    assert match(ref, sci, order=2, grid_stdev_epsilon=0.01, **POLYNOMIAL).used_weighting is True
    # every bin scatters by about 1.2 < 5: floor 5, dZ = 5 / 8 < 5
    assert match(ref, sci, order=2, grid_stdev_epsilon=5.0, **POLYNOMIAL).used_weighting is False


def test_undetermined_fit_is_told():
    ref, sci = noisy((24, 24))
    ref["image"][8:, 8:] = np.nan
    ref["image"][:8, 16:] = np.nan
    ref["image"][16:, :8] = np.nan  # three cells of nine
    result = match(ref, sci, order=1, **POLYNOMIAL)
    assert not any(a.kind == "ill_conditioned" for a in result.adjustments)
    ref["image"][8:16, :8] = np.nan  # two cells: order 0 is left
    result = match(ref, sci, order=2, **POLYNOMIAL)
    assert result.used_order == 0
    more = {"undersample_style": "INCREASE_NXNYSAMPLE", "order": 2}
    result = match(ref, sci, **more, **POLYNOMIAL)
    told = next(a for a in result.adjustments if a.kind == "ill_conditioned")
    assert told.asked > told.used


@pytest.mark.parametrize("axis", [0, 1], ids=["along y", "along x"])
def test_lines_with_too_few_cells_are_told(axis):
    """Enough cells in the grid, too few with data on some lines: a simpler curve there."""
    ref, sci = noisy((48, 48))  # 6 x 6 cells
    if axis == 0:
        ref["image"][32:, :8] = np.nan  # four cells left in the first column
    else:
        ref["image"][:, 32:] = np.nan  # four columns left for every row
    result = match(ref, sci, bin_size=8)
    assert result.used_interp_style == "AKIMA_SPLINE"
    told = only(result)
    assert told.kind == "lines_reduced"
    assert told.used != told.asked


def test_adjustments_of_any_scene_are_complete():
    """Whenever what was used differs from what was asked, something is told about it."""
    for seed, coverage in enumerate(["whole", "half", "hole", "corner"]):
        ref, sci = pair(seed, (36, 44), coverage)
        for order in (2, 4, 5):
            result = match(ref, sci, use_polynomial=True, order=order, bin_size=7)
            kinds = {a.kind for a in result.adjustments}
            assert ("order_reduced" in kinds) == (result.used_order != order)
            assert ("weighting_off" in kinds) == (not result.used_weighting)
        for size in (5, 9, 20, 60):
            result = match(ref, sci, bin_size=size)
            kinds = {a.kind for a in result.adjustments}
            assert ("interp_style_reduced" in kinds) == (result.used_interp_style != "AKIMA_SPLINE")
