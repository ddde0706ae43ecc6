"""Statistics of sets of pixels against the original's."""

import numpy as np
import pytest

from . import checks
from .cases import Goldens
from .scenes import number

CASES = Goldens()["statistics"]
NAMES = {
    "n": "NPOINT",
    "mean": "MEAN",
    "mean_error": "MEAN_err",
    "variance": "VARIANCE",
    "stdev": "STDEV",
    "median": "MEDIAN",
    "median_error": "MEDIAN_err",
    "iqr": "IQRANGE",
    "meanclip": "MEANCLIP",
    "meanclip_error": "MEANCLIP_err",
    "varianceclip": "VARIANCECLIP",
    "n_clipped": "NCLIPPED",
    "meansquare": "MEANSQUARE",
}


def good_values(case):
    """The good pixels of a case, float32."""
    image = np.array([[number(v) for v in row] for row in case["image"]], np.float32)
    bad = ~np.isfinite(image)
    if case["mask"] is not None:
        bad |= np.array(case["mask"]).reshape(image.shape) & case["and_mask"] != 0
    return image[~bad]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['id']} {c['note']}")
def test_every_statistic(subject, case):
    values = good_values(case)
    found = subject.describe(values, case["num_sigma_clip"], case["num_iter"])
    top = checks.largest(values)
    for name, theirs in NAMES.items():
        want = number(case["result"][theirs])
        square = name in ("variance", "varianceclip", "meansquare")
        floor = 1e-15 * top**2 if square else 1e-13 * top
        checks.near(name, getattr(found, name), want, 1e-9 * abs(want) + floor)


def test_the_group_is_whole():
    assert len(CASES) == 62
