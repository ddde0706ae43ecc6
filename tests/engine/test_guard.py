"""Faint light: what a match removes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.guard import Blob, blob_cell_means, faint_light_losses, usual_blob, usual_sizes
from bgviewer.engine.matching import match_backgrounds
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, FitError
from tests.engine.guard_twin import blob_pixels, cell_means, lost, projected
from tests.engine.judged import matched, positions

SHAPE = (256, 320)
FREE = {"use_polynomial": True, "approx_weighting": False}


def twin_share(result, blob, order):
    good = np.isfinite(result.difference.values)
    light = blob_pixels(SHAPE, blob.size, blob.brightness, blob.x, blob.y)
    edges = result.cells.y_edges, result.cells.x_edges
    means = cell_means(light, good, *edges)
    return lost(light, projected(means, *edges, order, SHAPE))


def with_blob(result, blob):
    """Match again, with the blob really in the science exposure."""
    light = blob_pixels(SHAPE, blob.size, blob.brightness, blob.x, blob.y)
    science = MaskedImage((result.science.image + light).astype(np.float32))
    again = match_backgrounds(result.reference, science, result.config)
    return lost(light, result.model.render().astype(float) - again.model.render())


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
    blob = Blob(fwhm, 0.03, u * SHAPE[1], v * SHAPE[0])
    loss = faint_light_losses(result, [blob])[0]
    assert loss.share == pytest.approx(twin_share(result, blob, order), rel=0.01, abs=1e-4)
    assert not loss.rerun


def test_cell_means_are_those_of_the_good_pixels():
    result = matched(settings={"bin_size": 30}, holes=0.3)
    blobs = [Blob(20.0, 2.0, 100.3, 80.7), Blob(400.0, 1.0, -5.0, 260.0)]
    found = blob_cell_means(result, blobs)
    good = np.isfinite(result.difference.values)
    for means, blob in zip(found, blobs, strict=True):
        light = blob_pixels(SHAPE, blob.size, blob.brightness, blob.x, blob.y)
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
    ],
    ids=lambda h: "-".join(map(str, h.values())),
)
@pytest.mark.parametrize("size", [30, 90])
def test_it_is_what_a_real_match_removes(how, size):
    y, x = positions(SHAPE)
    result = matched(settings=how, smooth=50 + 9 * x - 5 * y * y, holes=0.1)
    blob = replace(usual_blob(result, size), brightness=0.3)
    loss = faint_light_losses(result, [blob])[0]
    assert loss.rerun == ("grid_statistic" in how)
    assert loss.share == pytest.approx(with_blob(result, blob), abs=0.004)


def test_small_light_stays_and_light_wider_than_the_cells_goes():
    result = matched(settings={"bin_size": 32})
    sizes = (4.0, 16.0, 64.0, 256.0)
    losses = faint_light_losses(result, [usual_blob(result, s) for s in sizes])
    shares = [loss.share for loss in losses]
    assert shares == sorted(shares)
    assert shares[0] < 0.05 and shares[-1] > 0.95
    assert losses[-1].peak == pytest.approx(1.0, abs=0.05)
    stiff = matched(settings={**FREE, "order": 1, "bin_size": 32})
    assert faint_light_losses(stiff, [usual_blob(stiff, 16.0)])[0].share < 0.02


def test_brightness_does_not_matter_while_it_is_faint():
    result = matched(settings={**FREE, "order": 3, "bin_size": 32})
    usual = usual_blob(result)
    assert usual.brightness == pytest.approx(0.1, rel=0.05), "a tenth of the noise"
    assert usual.size == pytest.approx(25.6)
    first, second = faint_light_losses(result, [usual, replace(usual, brightness=1e-6)])
    assert first.share == pytest.approx(second.share, rel=1e-9)


def test_the_usual_sizes_enclose_the_bin_size():
    for bin_size in (8, 32, 256):
        result = matched(settings={"bin_size": bin_size})
        sizes = usual_sizes(result)
        assert sizes[0] < max(bin_size, 8) < 2 * sizes[-1] and len(sizes) == 11


def test_outside_the_image_is_refused():
    result = matched(settings={"bin_size": 32})
    with pytest.raises(FitError, match="outside"):
        faint_light_losses(result, [Blob(10.0, 1.0, 1000.0, 20.0)])


@pytest.mark.parametrize("statistic", ["MEAN", "MEDIAN"])
def test_it_can_be_stopped(statistic):
    result = matched(settings={"bin_size": 32, "grid_statistic": statistic})
    stopped = Stoppable()
    stopped.stop()
    with pytest.raises(Cancelled):
        faint_light_losses(result, [usual_blob(result)], stopped)
