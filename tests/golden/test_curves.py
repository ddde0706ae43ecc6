"""One-dimensional interpolation against the original's (group interp1d)."""

import numpy as np
import pytest

from . import checks
from .cases import Goldens
from .scenes import number

CASES = Goldens()["interp1d"]


def numbers(values):
    return np.array([number(v) for v in values], float)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['id']} {c['style']} {c['note']}")
def test_curve(subject, case):
    x, y, at = (numbers(case[k]) for k in ("x", "y", "at"))
    if "error" in case:
        with pytest.raises(subject.failures) as caught:
            subject.interpolate(case["style"], x, y, at)
        subject.assert_failure(caught.value, case["error"]["kind"])
        return
    want = numbers(case["out"])
    got = subject.interpolate(case["style"], x, y, at)
    checks.near("curve", got, want, 1e-11 * np.abs(want) + 1e-12 * checks.largest(y))


def test_the_group_is_whole():
    assert len(CASES) == 94
