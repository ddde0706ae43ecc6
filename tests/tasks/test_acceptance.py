"""LSST's criterion (SPEC section 9)."""

import math

import pytest

from bgviewer.errors import ConfigError
from bgviewer.tasks.acceptance import AcceptanceLimits, lsst_criterion


@pytest.mark.parametrize(
    ("fit_rms", "ratio", "reason"),
    [
        (1.0, 1.1, ""),
        (1.01, 1.0, "fitRMS 1.01 > 1"),
        (0.5, 1.2, "MSE/var 1.2 > 1.1"),
        (2.0, 1.2, "MSE/var 1.2 > 1.1; fitRMS 2 > 1"),
        (0.5, None, "MSE/var is not finite"),
        (0.5, math.nan, "MSE/var is not finite"),
    ],
)
def test_the_criterion_names_the_limits_that_are_missed(fit_rms, ratio, reason):
    criterion = lsst_criterion(fit_rms, ratio)
    assert (criterion.met, criterion.reason) == (not reason, reason)


def test_a_fit_rms_that_is_no_number_is_refused():
    assert not lsst_criterion(math.nan, 1.0).met


def test_other_limits():
    assert lsst_criterion(3.0, 1.5, AcceptanceLimits(mse_ratio=2.0, fit_rms=5.0)).met
    with pytest.raises(ConfigError, match="maxMatchResidualRMS"):
        AcceptanceLimits(fit_rms=0.0)
