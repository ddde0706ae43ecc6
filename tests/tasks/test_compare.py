"""What differs between two matches, and their difference as a picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.compare import differences
from bgviewer.tasks.extras import EXTRA_VIEWS, Extras, MatchedSide
from bgviewer.tasks.picture import window_of
from bgviewer.tasks.show import ShowRequest, show


@pytest.fixture(scope="module")
def stack():
    rng = np.random.default_rng(8)
    x = np.mgrid[:96, :96][1]
    images = [rng.normal(9, 1, (96, 96)) + 0.001 * i * x**2 for i in range(3)]
    return ExposureStack.of([MaskedImage(i.astype(np.float32)) for i in images])


def matched(stack, science=1, **changes):
    config = MatchConfig(bin_size=16, use_polynomial=True, order=1).replace(**changes)
    return show(ShowRequest(stack, 0, science, config))


def test_only_what_is_not_the_same_is_listed(stack):
    a, b = matched(stack), matched(stack, order=2)
    rows = {row.name: (row.a, row.b) for row in differences(a, b)}
    assert rows["order"] == (1, 2)
    assert rows["fitRMS"] == (a.figures.fit_rms, b.figures.fit_rms)
    chi = [s.figures.chi_square.reduced for s in (a, b)]
    assert rows["χ²/dof of bins (1 is expected)"] == tuple(chi) and chi[0] > 2 * chi[1]
    assert "binSize" not in rows and "science" not in rows and "diffImVar" not in rows
    assert differences(a, a) == ()


def test_a_spline_has_no_chi_square(stack):
    spline = matched(stack, use_polynomial=False)
    (row,) = (r for r in differences(matched(stack), spline) if r.name.startswith("χ²"))
    assert row.a > 0 and math.isnan(row.b)
    other = matched(stack, use_polynomial=False, bin_size=12)
    assert not any(r.name.startswith("χ²") for r in differences(spline, other))


def test_another_exposure_is_named_first(stack):
    row = differences(matched(stack), matched(stack, science=2))[0]
    assert (row.name, row.sort) == ("science", "exposure")
    assert (row.a, row.b) == (stack[1].name, stack[2].name)


def test_a_minus_b_counts_the_exposures_where_they_differ(stack):
    a, b = matched(stack), matched(stack, science=2)
    sides = [MatchedSide(s.result.model, s.science) for s in (a, b)]
    window = window_of((96, 96))
    picture = Extras(a=sides[0], b=sides[1]).picture("a_minus_b", window, (0, 0), "adu")
    full = [s.science.image + s.result.model.render() for s in (a, b)]
    np.testing.assert_allclose(picture.values, full[0] - full[1], atol=1e-5)
    assert picture.unit == "adu" and picture.colours == "diverging"


@pytest.mark.parametrize("kind", EXTRA_VIEWS)
def test_without_anything_to_show_a_view_says_what_to_do(kind):
    picture = Extras().picture(kind, window_of((8, 8)), (0, 0), "")
    assert "first" in picture.message and picture.kind == kind


def test_sizes_that_differ_are_told(stack):
    shown = matched(stack)
    small = MaskedImage(np.ones((9, 9), np.float32))
    a, b = (MatchedSide(shown.result.model, s) for s in (shown.science, small))
    picture = Extras(a=a, b=b).picture("a_minus_b", window_of((96, 96)), (0, 0), "")
    assert "sizes" in picture.message
