"""What the window shows of the faint-light guard."""

from __future__ import annotations

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.guard import Blob, faint_light_losses
from bgviewer.engine.matching import match_backgrounds
from bgviewer.tasks.guard_view import GuardWish, guard_view
from tests.engine.judged import matched, pair

SHAPE = (256, 320)


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN"])
def test_the_blob_that_was_asked_about_is_on_the_curve(statistic):
    result = matched(MatchConfig(bin_size=32, grid_statistic=statistic), shape=SHAPE)
    view = guard_view(result, GuardWish(45.0, 0.7, (100.0, 90.0)), "adu")
    (alone,) = faint_light_losses(result, [Blob(45.0, 0.7, 100.0, 90.0)])
    assert view.own.share == pytest.approx(alone.share, rel=1e-6)
    assert view.own.blob.brightness == 0.7 and view.at == (100.0, 90.0)
    assert list(view.curve.sizes) == sorted(set(view.curve.sizes)) and 45.0 in view.curve.sizes
    said = " ".join(view.words)
    assert "45 pixels" in said and "0.7 adu" in said and f"{100 * alone.share:.1f} %" in said
    assert "larger binSize" in said and "Half of the flux" in said


def test_places_are_in_parent_pixels_and_outside_means_the_middle():
    images = [MaskedImage(m.image, xy0=(1000, 500)) for m in pair(SHAPE)]
    result = match_backgrounds(*images, MatchConfig(bin_size=32), complete=False)
    there = guard_view(result, GuardWish(at=(1100.0, 600.0)))
    assert (there.own.blob.x, there.own.blob.y) == (100.0, 100.0) and there.at == (1100.0, 600.0)
    middle = guard_view(result, GuardWish())
    assert guard_view(result, GuardWish(at=(10.0, 10.0))).at == middle.at
    assert abs(middle.at[0] - 1160) < 32 and abs(middle.at[1] - 628) < 32


def test_a_constant_spares_small_blobs_and_says_so():
    config = MatchConfig(bin_size=64, use_polynomial=True, order=0)
    view = guard_view(matched(config, shape=SHAPE), GuardWish(20.0))
    assert view.own.share < 0.1 and "larger binSize" not in " ".join(view.words)
