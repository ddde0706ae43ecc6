"""Flux loss: what a match removes of light in one exposure, and in both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.flux_loss import (
    ExtendedSource,
    default_radii,
    default_source,
    flux_losses,
    source_cell_means,
)
from bgviewer.engine.matching import match_backgrounds
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, FitError
from tests.engine.flux_loss_twin import blob_pixels, cell_means, lost, projected
from tests.engine.judged import matched, positions

SHAPE = (256, 320)
FREE = {"use_polynomial": True, "approx_weighting": False}


def twin_share(result, source, order):
    good = np.isfinite(result.difference.values)
    light = blob_pixels(SHAPE, 2 * source.radius, source.brightness, source.x, source.y)
    edges = result.cells.y_edges, result.cells.x_edges
    means = cell_means(light, good, *edges)
    return lost(light, projected(means, *edges, order, SHAPE))


def matched_again(result, source, *, both=False):
    """Match again, with the source really in the science exposure or in both."""
    light = blob_pixels(SHAPE, 2 * source.radius, source.brightness, source.x, source.y)
    reference = result.reference.image + (light if both else 0)
    pair = (
        MaskedImage(image.astype(np.float32), mask)
        for image, mask in (
            (reference, result.reference.mask),
            (result.science.image + light, result.science.mask),
        )
    )
    again = match_backgrounds(*pair, result.config, complete=False)
    return light, result.model.render().astype(float) - again.model.render()


def lost_of_science(result, source):
    """Shares of light in the science exposure alone: profile, two half-light radii, all."""
    light, removed = matched_again(result, source)
    row, column = np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = np.hypot(row - source.y, column - source.x) <= 2 * source.radius
    aperture = removed[inside].sum() / light[inside].sum()
    return lost(light, removed), aperture, removed.sum() / light.sum()


@given(
    st.integers(0, 6),
    st.sampled_from([16, 20, 32]),
    st.floats(12, 300),
    st.floats(0.2, 0.8),
    st.floats(0.2, 0.8),
    st.integers(0, 99),
)
@settings(max_examples=25)
def test_the_unweighted_polynomial_removes_the_projection(order, size, fwhm, u, v, seed):
    how = {**FREE, "order": order, "bin_size": size}
    result = matched(settings=how, seed=seed, holes=0.15, empty=np.s_[100:140, 30:90])
    source = ExtendedSource(fwhm / 2, 0.03, u * SHAPE[1], v * SHAPE[0])
    loss = flux_losses(result, [source])[0]
    assert loss.profile == pytest.approx(twin_share(result, source, order), rel=0.01, abs=1e-4)
    assert not loss.rerun


def test_cell_means_are_those_of_the_good_pixels():
    result = matched(settings={"bin_size": 30}, holes=0.3)
    sources = [ExtendedSource(10.0, 2.0, 100.3, 80.7), ExtendedSource(200.0, 1.0, -5.0, 260.0)]
    found = source_cell_means(result, sources)
    good = np.isfinite(result.difference.values)
    for means, source in zip(found, sources, strict=True):
        light = blob_pixels(SHAPE, 2 * source.radius, source.brightness, source.x, source.y)
        expected = cell_means(light, good, result.cells.y_edges, result.cells.x_edges)
        np.testing.assert_allclose(means, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "how",
    [
        {"bin_size": 32},
        {"bin_size": 32, "interp_style": "LINEAR"},
        {"bin_size": 32, "interp_style": "CONSTANT"},
        {"bin_size": 45, "interp_style": "NATURAL_SPLINE"},
        {**FREE, "order": 3, "bin_size": 32},
        {"use_polynomial": True, "order": 3, "bin_size": 32},
        {"bin_size": 32, "grid_statistic": "MEDIAN"},
        {"bin_size": 32, "grid_statistic": "MEANCLIP"},
        {**FREE, "order": 3, "bin_size": 32, "grid_statistic": "MEANCLIP"},
        {"bin_size": 32, "penalised_spline": True},
        {"bin_size": 32, "penalised_spline": True, "smoothing_length": 80.0},
    ],
    ids=lambda h: "-".join(map(str, h.values())),
)
@pytest.mark.parametrize("radius", [15, 45])
def test_it_is_what_a_real_match_removes(how, radius):
    y, x = positions(SHAPE)
    result = matched(settings=how, smooth=50 + 9 * x - 5 * y * y, holes=0.1)
    source = replace(default_source(result, radius), brightness=0.3)
    loss = flux_losses(result, [source])[0]
    assert loss.rerun == ("grid_statistic" in how or "penalised_spline" in how)
    profile, aperture, total = lost_of_science(result, source)
    assert loss.profile == pytest.approx(profile, abs=0.004)
    assert loss.aperture == pytest.approx(aperture, abs=0.008)
    # clipping changes with the source in cells far from it, and rounding in all
    rough = how.get("grid_statistic", "MEAN") != "MEAN"
    assert loss.total == pytest.approx(total, abs=0.2 if rough else 0.02)


def test_small_light_stays_and_light_wider_than_the_cells_goes():
    result = matched(settings={"bin_size": 32})
    radii = (2.0, 8.0, 32.0, 128.0)
    losses = flux_losses(result, [default_source(result, r) for r in radii])
    shares = [loss.profile for loss in losses]
    assert shares == sorted(shares)
    assert shares[0] < 0.05 and shares[-1] > 0.95
    assert losses[-1].peak == pytest.approx(1.0, abs=0.05)
    stiff = matched(settings={**FREE, "order": 1, "bin_size": 32})
    assert flux_losses(stiff, [default_source(stiff, 8.0)])[0].profile < 0.02


def test_brightness_does_not_matter_while_it_is_faint():
    result = matched(settings={**FREE, "order": 3, "bin_size": 32})
    usual = default_source(result)
    assert usual.brightness == pytest.approx(0.1, rel=0.05), "a tenth of the noise"
    assert usual.radius == pytest.approx(12.8)
    first, second = flux_losses(result, [usual, replace(usual, brightness=1e-6)])
    assert first.profile == pytest.approx(second.profile, rel=1e-9)


def test_the_default_radii_enclose_half_the_bin_size():
    for bin_size in (8, 32, 256):
        radii = default_radii(matched(settings={"bin_size": bin_size}))
        assert radii[0] < max(bin_size, 8) / 2 < 2 * radii[-1] and len(radii) == 11


def test_half_of_the_light_is_within_the_radius():
    light = blob_pixels((201, 201), 2 * 20.0, 1.0, 100, 100)
    source = ExtendedSource(20.0, 1.0, 100.0, 100.0)
    row, column = np.mgrid[:201, :201]
    inside = np.hypot(row - 100, column - 100) <= 20.0
    assert light[inside].sum() == pytest.approx(0.5 * source.flux, rel=0.01)
    assert source.flux_within((201, 201)) == pytest.approx(light.sum(), rel=1e-9)


@given(
    st.sampled_from(
        [
            {"bin_size": 16},
            {"bin_size": 64, "interp_style": "NATURAL_SPLINE", "grid_statistic": "MEANCLIP"},
            {"bin_size": 32, "grid_statistic": "MEDIAN"},
            {"bin_size": 32, "use_polynomial": True, "order": 4},
            {"bin_size": 32, "penalised_spline": True},
        ]
    ),
    st.floats(3, 120),
    st.floats(0.1, 20),
    st.floats(0.1, 0.9),
    st.floats(0.1, 0.9),
    st.integers(0, 99),
)
@settings(max_examples=30)
def test_light_in_both_exposures_is_not_affected(how, radius, brightness, u, v, seed):
    y, x = positions(SHAPE)
    result = matched(settings=how, seed=seed, smooth=20 + 9 * x - 5 * y * y, holes=0.1)
    source = ExtendedSource(radius, brightness, u * SHAPE[1], v * SHAPE[0])
    light, removed = matched_again(result, source, both=True)
    # only float32 rounding of the pixels is left, of 6e-8 of the sky and light
    assert abs(lost(light, removed)) < 1e-4
    assert np.abs(removed).max() < 1e-5 * (40 + brightness)


def test_outside_the_image_is_refused():
    result = matched(settings={"bin_size": 32})
    with pytest.raises(FitError, match="outside"):
        flux_losses(result, [ExtendedSource(10.0, 1.0, 1000.0, 20.0)])


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN"])
def test_it_can_be_stopped(statistic):
    result = matched(settings={"bin_size": 32, "grid_statistic": statistic})
    stopped = Stoppable()
    stopped.stop()
    with pytest.raises(Cancelled):
        flux_losses(result, [default_source(result)], stopped)
