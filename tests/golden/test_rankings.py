"""Choice of the reference against the original's."""

import numpy as np
import pytest

import bgviewer
from tests.engine import twin
from tests.engine.adapters import CLASSES, masked_image
from tests.engine.twin_numbers import NAN, Trouble

from . import checks
from .cases import Goldens

GOLDENS = Goldens()
CASES = GOLDENS["ranking"]
KEYS = {"pixel_variance": "variance", "level": "level", "coverage": "coverage"}


def scaled_exposures(case):
    """Exposures with their factor applied; None where the scaler fails."""
    for planes, factor in zip(
        GOLDENS.exposures(case), case["scalers"] or [None] * case["n"], strict=True
    ):
        planes = {**planes, "variance": np.ones_like(planes["image"])}
        yield None if factor == "fail" else twin.scaled(planes, factor)


def settings(case):
    weights = {f"bestRefWeight{k.capitalize()}": v for k, v in case["weights"].items()}
    return {"badMaskPlanes": case["badMaskPlanes"], **weights}


def name(case):
    return f"{case['id']} {case['note']}"


@pytest.mark.parametrize("case", [c for c in CASES if "result" in c], ids=name)
def test_ranking(case):
    config = bgviewer.MatchConfig.from_lsst(settings(case))
    measured = [
        p and bgviewer.measure_exposure(masked_image(p), config) for p in scaled_exposures(case)
    ]
    ranking = bgviewer.rank_exposures(measured, config)
    want = case["result"]
    assert ranking.best == want["best"]
    checks.same_numbers("cost", ranking.cost, want["cost"], 1e-9)
    for ours, theirs in KEYS.items():
        got = [NAN if m is None else getattr(m, ours) for m in measured]
        checks.same_numbers(ours, got, want[theirs], 1e-9)


@pytest.mark.parametrize("case", [c for c in CASES if "result" in c], ids=name)
def test_twin(case):
    config = {**twin.DEFAULTS, **settings(case)}
    measured = [p and twin.measure(p, config) for p in scaled_exposures(case)]
    best, cost = twin.choose([m or (NAN, NAN, NAN) for m in measured], config)
    assert best == case["result"]["best"]
    checks.same_numbers("cost", cost, case["result"]["cost"], 1e-9)


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=name)
def test_nothing_to_rank(case):
    config = bgviewer.MatchConfig.from_lsst(settings(case))
    measured = [
        p and bgviewer.measure_exposure(masked_image(p), config) for p in scaled_exposures(case)
    ]
    with pytest.raises(getattr(bgviewer, CLASSES[case["error"]["kind"]])) as caught:
        bgviewer.rank_exposures(measured, config)
    assert len(str(caught.value)) > 15
    slow = [
        (NAN, NAN, NAN) if p is None else twin.measure(p, {**twin.DEFAULTS, **settings(case)})
        for p in scaled_exposures(case)
    ]
    with pytest.raises(Trouble, match=case["error"]["kind"]):
        twin.choose(slow, {**twin.DEFAULTS, **settings(case)})


def test_selection_is_broad():
    assert len({c["note"] for c in CASES}) == len(CASES) == 24
