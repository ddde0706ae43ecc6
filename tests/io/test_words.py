"""Words of FITS files to and from memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bgviewer.io import words
from tests.loops import computing_with

WORDS = hnp.arrays(np.uint32, st.integers(0, 70), elements=st.integers(0, 2**32 - 1))


@pytest.fixture(params=["compiled", "numpy"])
def either_way(request):
    with computing_with(request.param):
        yield


@given(WORDS)
def test_words_go_to_the_file_and_back(either_way, values):
    stored = np.empty_like(values)
    total = words.to_file_order(values, stored)
    assert stored.tobytes() == values.astype(">u4").tobytes()
    assert total == int(values.sum(dtype=np.uint64)) == words.sum_of_words(stored.tobytes())
    words.from_file_order(stored)
    assert stored.tobytes() == values.tobytes()


def test_sums_of_many_large_words_do_not_overflow(either_way):
    values = np.full(200_000, 2**32 - 1, dtype=np.uint32)
    assert words.to_file_order(values, np.empty_like(values)) == 200_000 * (2**32 - 1)
    assert words.sum_of_words(values.tobytes()) == 200_000 * (2**32 - 1)


@given(st.data())
def test_unusable_variances_are_counted(either_way, data):
    numbers = st.sampled_from([np.nan, np.inf, -np.inf, -1.0, -0.0, 0.0, 1e-30, 5.0])
    shape = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 20)))
    image = data.draw(hnp.arrays(np.float32, shape, elements=numbers))
    variance = data.draw(hnp.arrays(np.float32, shape, elements=numbers))
    pairs = zip(image.ravel().tolist(), variance.ravel().tolist(), strict=True)
    expected = sum(np.isfinite(x) and not (np.isfinite(v) and v > 0) for x, v in pairs)
    some = any(v != 0 for v in variance.ravel().tolist())
    assert words.unusable_pixels(image, variance) == (expected, some)
