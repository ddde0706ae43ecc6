"""Products in pieces are the products."""

import numpy as np
import pytest

from bgviewer.engine.products import PIECE, matrix_product


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4), (4, 5)),
        ((256, 149), (149, 149)),
        ((257, 300), (300, 401)),
        ((2, 1000), (1000, 2000)),
        ((0, 4), (4, 5)),
        ((3, 64, 90), (90, 70)),
        ((64, 90), (3, 90, 70)),
        ((3, 64, 90), (3, 90, 70)),
    ],
)
def test_products_in_pieces_are_products(left, right):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=left), rng.normal(size=right)
    np.testing.assert_allclose(matrix_product(a, b), a @ b, rtol=1e-12, atol=1e-12)
    turned = np.asfortranarray(a)
    np.testing.assert_allclose(matrix_product(turned, b), a @ b, rtol=1e-12, atol=1e-12)
    assert PIECE < 262_144
