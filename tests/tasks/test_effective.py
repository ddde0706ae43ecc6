"""What a match really used, beside what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.exposure import MaskedImage
from bgviewer.tasks.effective import effective_settings
from tests.tasks.shown import match_pair, noise_pair


def found(shown):
    return {e.name: e for e in effective_settings(shown)}


def test_a_match_as_asked_changes_nothing():
    shown = match_pair(*noise_pair(), bin_size=20, use_polynomial=True, order=2)
    told = found(shown)
    assert list(told) == ["model", "weighting", "cells", "bins"]
    assert not any(e.changed or e.why for e in told.values())
    assert (told["model"].used, told["model"].asked) == ("order 2", "order = 2")
    assert told["weighting"].used == "weighted"
    assert told["weighting"].asked == "approxWeighting = on"
    assert told["cells"].used == "30 of 30 cells"
    assert told["cells"].asked == "binSize = 20: 6 × 5 cells"
    assert (told["bins"].used, told["bins"].asked) == ("0 bins dropped", "binSize = 20: 30 bins")


def test_a_spline_has_a_style_and_no_weighting():
    told = found(match_pair(*noise_pair(), bin_size=20, interp_style="NATURAL_SPLINE"))
    assert "weighting" not in told
    assert told["model"].used == "Natural spline"
    assert told["model"].asked == "interpStyle = NATURAL_SPLINE" and not told["model"].changed


def test_a_style_that_needs_more_cells_is_replaced_and_says_why():
    shown = match_pair(*noise_pair((60, 60)), bin_size=20, interp_style="AKIMA_SPLINE")
    told = found(shown)["model"]
    assert told.changed and "AKIMA_SPLINE" in told.asked
    assert told.used.upper().replace(" ", "_") == shown.result.used_interp_style != "AKIMA_SPLINE"
    assert told.why and set(told.why) <= {a.text for a in shown.result.adjustments}


def test_an_order_that_cells_cannot_carry_is_reduced_and_says_why():
    reference, science = noise_pair((100, 100))
    image = science.image.copy()
    image[:60] = np.nan
    shown = match_pair(
        reference, MaskedImage(image), bin_size=20, use_polynomial=True, order=4,
        undersample_style="REDUCE_INTERP_ORDER",
    )  # fmt: skip
    told = found(shown)
    assert shown.result.used_order is not None and shown.result.used_order < 4
    assert told["model"].used == f"order {shown.result.used_order}"
    assert told["model"].asked == "order = 4" and told["model"].changed and told["model"].why


def test_weighting_without_errors_is_off_and_says_why():
    flat = [MaskedImage(np.full((60, 60), v, np.float32)) for v in (5, 3)]
    told = found(match_pair(*flat, bin_size=20, use_polynomial=True, order=1))["weighting"]
    assert (told.used, told.changed) == ("not weighted", True) and told.why
    off = match_pair(*flat, bin_size=20, use_polynomial=True, order=1, approx_weighting=False)
    told = found(off)["weighting"]
    assert (told.used, told.asked) == ("not weighted", "approxWeighting = off")
    assert not told.changed and not told.why


@pytest.mark.parametrize(("gone", "words"), [(1, "1 bin dropped"), (2, "2 bins dropped")])
def test_empty_bins_and_cells_are_told(gone, words):
    reference, science = noise_pair()
    image = science.image.copy()
    image[:20, : 20 * gone] = np.nan
    shown = match_pair(reference, MaskedImage(image), bin_size=20, use_polynomial=True, order=1)
    told = found(shown)
    assert told["bins"].used == words and told["bins"].changed
    assert told["bins"].asked == "binSize = 20: 30 bins", "of as many as there would be"
    assert told["cells"].used == f"{30 - gone} of 30 cells" and told["cells"].changed
    assert not told["model"].changed
