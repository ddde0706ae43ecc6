"""What the window shows of the flux loss."""

from __future__ import annotations

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.flux_loss import BOTH_EXPOSURES, ExtendedSource, flux_losses
from bgviewer.engine.matching import match_backgrounds
from bgviewer.tasks.flux_loss_view import FluxLossQuery, flux_loss_text, flux_loss_view
from bgviewer.tasks.photometric_scale import PhotometricScale
from tests.engine.judged import matched, pair

SHAPE = (256, 320)


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN"])
def test_the_blob_that_was_asked_about_is_on_the_curve(statistic):
    result = matched(MatchConfig(bin_size=32, grid_statistic=statistic), shape=SHAPE)
    view = flux_loss_view(result, FluxLossQuery(45.0, 0.7, (100.0, 90.0)), "adu")
    (alone,) = flux_losses(result, [ExtendedSource(45.0, 0.7, 100.0, 90.0)])
    assert view.own.profile == pytest.approx(alone.profile, rel=1e-6)
    assert view.own.source.brightness == 0.7 and view.at == (100.0, 90.0)
    assert list(view.curve.radii) == sorted(set(view.curve.radii)) and 45.0 in view.curve.radii
    said = " ".join(view.words)
    assert (
        "45 pixels" in said
        and BOTH_EXPOSURES in said
        and "0.7 adu" in said
        and f"{100 * alone.profile:.1f} %" in said
    )
    assert f"{100 * alone.aperture:.1f} %" in said and "Half of the flux" in said


def test_places_are_in_parent_pixels_and_outside_means_the_middle():
    images = [MaskedImage(m.image, xy0=(1000, 500)) for m in pair(SHAPE)]
    result = match_backgrounds(*images, MatchConfig(bin_size=32), complete=False)
    there = flux_loss_view(result, FluxLossQuery(at=(1100.0, 600.0)))
    assert (there.own.source.x, there.own.source.y) == (100.0, 100.0) and there.at == (
        1100.0,
        600.0,
    )
    middle = flux_loss_view(result, FluxLossQuery())
    assert flux_loss_view(result, FluxLossQuery(at=(10.0, 10.0))).at == middle.at
    assert abs(middle.at[0] - 1160) < 32 and abs(middle.at[1] - 628) < 32


def test_a_constant_spares_small_sources():
    config = MatchConfig(bin_size=64, use_polynomial=True, order=0)
    view = flux_loss_view(matched(config, shape=SHAPE), FluxLossQuery(10.0))
    assert view.own.profile < 0.1


def test_known_scales_give_angles_and_magnitudes():
    own = matched(MatchConfig(bin_size=32), shape=SHAPE)
    found = flux_loss_view(own, FluxLossQuery(45.0, 0.7, (100.0, 90.0))).own
    text = flux_loss_text(found, PhotometricScale(25.0, 0.2, "adu"))
    # 25 - 2.5 log10(0.7 / 0.04)
    assert "9″ (45 pixels)" in text and "21.89 mag/arcsec² (0.7 adu per pixel)" in text
    plain = flux_loss_text(found, PhotometricScale(25.0, None, "adu"))
    assert "mag" not in plain and "0.7 adu per pixel" in plain
