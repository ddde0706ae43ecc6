"""Matched pairs against the original's: all failures and a selection of the others."""

import numpy as np
import pytest

from bgviewer.errors import NoOverlapError
from tests.engine import twin
from tests.engine.adapters import Engine, Twin

from . import checks
from .cases import Goldens
from .scenes import number

GOLDENS = Goldens()
CASES = GOLDENS["match"]
MOST_PIXELS_FOR_TWIN = 130 * 130  # it has seen the large ones by hand; here it would be slow


def pair(case):
    ref, sci, xy0 = GOLDENS.scene(case["scene"])
    return twin.scaled(ref, case["scale"][0]), twin.scaled(sci, case["scale"][1]), xy0


def name(case):
    return f"{case['id']} {case['scene']}"


def small(case):
    height, width = GOLDENS["scenes"][case["scene"]]["ref"]["shape"]
    return height * width <= MOST_PIXELS_FOR_TWIN


MATCHED = [
    pytest.param(subject, case, id=f"{subject.__name__.lower()}-{name(case)}")
    for subject in (Engine, Twin)
    for case in CASES
    if "result" in case and (subject is Engine or small(case))
]


@pytest.mark.parametrize(("subject", "case"), MATCHED)
def test_pair(subject, case):
    ref, sci, xy0 = pair(case)
    try:
        found = subject.match(ref, sci, case["config"], xy0)
    except NoOverlapError:
        # Nothing in common: where the original returns NaN without a word, an error is as good.
        assert np.isnan(number(case["result"]["modelMin"]))
        return
    checks.match(found, case, GOLDENS.arrays(case))


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=name)
def test_pair_that_cannot_be_matched(subject, case):
    ref, sci, xy0 = pair(case)
    with pytest.raises(subject.failures) as caught:
        subject.match(ref, sci, case["config"], xy0)
    subject.assert_failure(caught.value, case["error"].get("cause_kind", case["error"]["kind"]))


def test_selection_is_broad():
    """The selection holds every style, statistic, undersample style and kind of failure."""
    configs = [c["config"] for c in CASES if "result" in c]
    assert len(configs) >= 60
    seen = {key: {str(c.get(key)) for c in configs} for key in ("interpStyle", "gridStatistic")}
    assert seen["interpStyle"] >= {"CONSTANT", "LINEAR", "NATURAL_SPLINE", "AKIMA_SPLINE"}
    assert seen["gridStatistic"] >= {"MEDIAN", "MEANCLIP", "None"}  # None: at its default
    assert {c["undersampleStyle"] for c in configs} == {
        "THROW_EXCEPTION",
        "REDUCE_INTERP_ORDER",
        "INCREASE_NXNYSAMPLE",
    }
    kinds = {c["error"].get("cause_kind", c["error"]["kind"]) for c in CASES if "error" in c}
    assert len(kinds) == 15
    assert len({c["scene"] for c in CASES}) == 40
