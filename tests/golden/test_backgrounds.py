"""Gridded backgrounds with any number of cells, drawn in every style (group background)."""

import pytest

from . import checks
from .cases import Goldens
from .scenes import number

GOLDENS = Goldens()
CASES = GOLDENS["background"]


def gridded(subject, case):
    """Make the grid of a case; the science exposure plays no part here."""
    ref, _, xy0 = GOLDENS.scene(case["scene"])
    clip = case["numSigmaClip"], case["numIter"]
    grid = subject.grid(
        ref, case["andMask"], case["nx"], case["ny"], case["gridStatistic"], *clip, xy0
    )
    return grid, ref["image"].shape, xy0


def name(case):
    return f"{case['id']} {case['scene']} {case['nx']}x{case['ny']}"


@pytest.mark.parametrize("case", [c for c in CASES if "error" not in c], ids=name)
def test_cells(subject, case):
    grid, _, xy0 = gridded(subject, case)
    checks.cells(subject.centres(grid, xy0), GOLDENS.arrays(case))


@pytest.mark.parametrize("case", [c for c in CASES if "error" in c], ids=name)
def test_cells_that_cannot_be(subject, case):
    with pytest.raises(subject.failures) as caught:
        gridded(subject, case)
    subject.assert_failure(caught.value, case["error"]["kind"])


@pytest.mark.parametrize("case", [c for c in CASES if "error" not in c], ids=name)
def test_splines(subject, case):
    grid, shape, _ = gridded(subject, case)
    stored = GOLDENS.arrays(case)
    lattice = stored["rows"], stored["cols"]
    images = [i for i in case["images"] if "interpStyle" in i]
    assert len(images) == 10  # five styles, refusing and reducing
    for image in images:
        wanted = image["interpStyle"], image["undersampleStyle"]
        if "error" in image:
            with pytest.raises(subject.failures) as caught:
                subject.spline(grid, *wanted, shape)[1](*lattice)
            subject.assert_failure(caught.value, image["error"]["kind"])
            continue
        style, draw = subject.spline(grid, *wanted, shape)
        assert style == image["asUsedInterpStyle"]
        golden = stored[image["array"]]
        checks.near(str(wanted), draw(*lattice), golden, 2.5e-7 * checks.largest(golden))


@pytest.mark.parametrize("case", [c for c in CASES if "error" not in c], ids=name)
def test_polynomials(subject, case):
    grid, shape, _ = gridded(subject, case)
    stored = GOLDENS.arrays(case)
    images = [i for i in case["images"] if "chebyshevOrder" in i]
    assert len(images) == 5
    for image in images:
        order, weighting = image["chebyshevOrder"], image["weighting"]
        if "error" in image:
            with pytest.raises(subject.failures) as caught:
                subject.polynomial(grid, order, weighting, shape)
            subject.assert_failure(caught.value, image["error"]["kind"])
            continue
        condition = number(image["conditionNumber"])
        if condition > 1e10:
            continue  # singular: whatever the elimination gives
        draw, golden = subject.polynomial(grid, order, weighting, shape), stored[image["array"]]
        limit = 2.5e-7 * checks.largest(golden) * max(1.0, condition / 100)
        got = draw(stored["rows"], stored["cols"])
        checks.near(f"order {order}, weighting {weighting}", got, golden, limit)


def test_the_group_is_whole():
    assert len(CASES) == 15
    assert sum(len(c.get("images", ())) for c in CASES) == 195
