"""Whole lists (SPEC 9) against the original's, through match_stack.

Where the project departs from the original on purpose (an exposure that cannot be read is no
candidate instead of the end of everything, SPEC 12 Q15) the twin says what must come out.
"""

import pytest

import bgviewer
from bgviewer.io.stack import ExposureStack
from tests.engine import twin
from tests.engine.adapters import masked_image
from tests.engine.twin_numbers import Trouble

from . import checks
from .cases import Goldens

GOLDENS = Goldens()
CASES = GOLDENS["run"]
NOT_OURS = ("no_dataset_type",)  # the API has no such argument


def scaler(factor):
    """A factor as the stack takes it."""
    if factor == "fail":

        def fails(*_):
            raise RuntimeError("no photometric calibration")

        return fails
    return factor


def run(case):
    """Run a case through match_stack; return index of the reference and the outcomes."""
    exposures = [p and masked_image(p) for p in GOLDENS.exposures(case)]
    keys, factors = case["keys"], list(case["scalers"] or [None] * case["n"])
    reference = None
    if case["refKey"] is not None:
        reference = keys.index(case["refKey"])
        # The original takes the reference's factor apart; here an exposure has one factor.
        factors = [
            case["refScaler"] if k == case["refKey"] else f
            for k, f in zip(keys, factors, strict=True)
        ]
    stack = ExposureStack.of(
        exposures,
        names=[f"{k}_{i}" for i, k in enumerate(keys)],
        identities=keys,
        scales=[scaler(f) for f in factors],
    )
    config = bgviewer.MatchConfig.from_lsst(case["config"])
    return bgviewer.match_stack(stack, config, reference=reference)


def name(case):
    return f"{case['id']} {case['note']}"


def assert_outcome(ours, is_reference, numbers, failed):
    assert ours.is_reference == is_reference
    status = "reference" if is_reference else "failed" if failed else "matched"
    assert ours.status == status
    assert bool(ours.reason) == failed
    if status == "matched":
        for label, want in numbers.items():
            checks.same_numbers(label, getattr(ours, label), want, 3e-6)
        assert ours.model is not None
    else:
        assert ours.model is None
    if status == "reference":
        assert ours.fit_rms == 0.0  # SPEC 12, Q17


@pytest.mark.parametrize("case", [c for c in CASES if "result" in c], ids=name)
def test_run(case):
    outcomes = run(case)
    assert len(outcomes) == case["n"]
    if case["result"]["refInd"] is not None:
        assert outcomes[case["result"]["refInd"]].is_reference
    for ours, want in zip(outcomes, case["result"]["infos"], strict=True):
        numbers = {
            "fit_rms": want["fitRMS"],
            "matched_mse": want["matchedMSE"],
            "diff_im_var": want["diffImVar"],
        }
        assert_outcome(ours, want["isReference"], numbers, want["failure"] is not None)


GIVEN_UP = [c for c in CASES if "error" in c and c["error"]["kind"] not in NOT_OURS]


@pytest.mark.parametrize("case", GIVEN_UP, ids=name)
def test_run_that_the_original_gives_up(case):
    if case["error"]["kind"] == "load_failed":
        assert_run_goes_on(case)
        return
    with pytest.raises((bgviewer.BgviewerError, ValueError)) as caught:
        run(case)
    assert len(str(caught.value)) > 15


def assert_run_goes_on(case):
    """An exposure that cannot be read is no candidate and fails alone (SPEC 12, Q15)."""
    best, slow = twin.run(
        GOLDENS.exposures(case),
        case["keys"],
        case["scalers"],
        None,
        None,
        case["config"],
        skip_unreadable=True,
    )
    outcomes = run(case)
    assert outcomes[best].is_reference
    for ours, want in zip(outcomes, slow, strict=True):
        numbers = {k: getattr(want, k) for k in ("fit_rms", "matched_mse", "diff_im_var")}
        assert_outcome(ours, want.is_reference, numbers, want.failure is not None)


@pytest.mark.parametrize("case", [c for c in CASES if c["datasetType"]], ids=name)
def test_twin(case):
    arguments = [case[k] for k in ("keys", "scalers", "refKey", "refScaler", "config")]
    if "error" in case:
        with pytest.raises(Trouble, match=case["error"]["kind"]):
            twin.run(GOLDENS.exposures(case), *arguments)
        return
    best, outcomes = twin.run(GOLDENS.exposures(case), *arguments)
    assert best == case["result"]["refInd"]
    for ours, want in zip(outcomes, case["result"]["infos"], strict=True):
        assert ours.is_reference == want["isReference"]
        assert (ours.failure is None) == (want["failure"] is None)
        for label, key in (("fit_rms", "fitRMS"), ("matched_mse", "matchedMSE")):
            if want[key] is None:
                assert getattr(ours, label) is None
            else:
                checks.same_numbers(label, getattr(ours, label), want[key], 3e-6)


def test_the_group_is_whole():
    assert len(CASES) == 15
