import numpy as np
import pytest

from bgviewer import MaskedImage
from bgviewer.engine.noise import neighbour_noise

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("sigma", [1e-24, 0.05, 3.0, 1e12])
@pytest.mark.parametrize("shape", [(40, 300), (2000, 50)])
def test_white_noise_on_a_slope(sigma, shape):
    slope = 5 * sigma * np.linspace(0, 1, shape[1])
    image = MaskedImage(image=RNG.normal(0, sigma, shape) + slope)
    assert neighbour_noise(image) == pytest.approx(sigma, rel=0.1)


def test_sources_masks_and_gaps_do_not_count():
    pixels = RNG.normal(0, 2, (64, 400))
    pixels[:, ::10] = np.nan
    mask = np.zeros(pixels.shape, "u1")
    mask[:, 200:] = 1
    pixels[:, 200:] = RNG.normal(0, 500, (64, 200))
    image = MaskedImage(image=pixels, mask=mask, planes={"BAD": 0})
    assert neighbour_noise(image, ("BAD",)) == pytest.approx(2, rel=0.1)
    assert neighbour_noise(image) > 50


def test_no_neighbours_and_no_scatter():
    assert np.isnan(neighbour_noise(MaskedImage(image=np.full((8, 8), np.nan))))
    assert neighbour_noise(MaskedImage(image=np.full((8, 8), 12.0))) == 0.0
