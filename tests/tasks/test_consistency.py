"""Overlap and closure of stacks whose sky one knows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bgviewer.engine import closure as engine_closure
from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.progress import Stoppable
from bgviewer.errors import Cancelled, NoReferenceError
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.check import check
from bgviewer.tasks.consistency import (
    ConsistencyRequest,
    check_closure,
    check_consistency,
    check_overlap,
)
from bgviewer.tasks.diagnostic import ABOVE, EXPECTED
from tests.engine.judged import positions

SHAPE = (128, 192)
Y, X = positions(SHAPE)
FLAT = MatchConfig(bin_size=32, use_polynomial=True, order=0, approx_weighting=False)
PLANE = FLAT.replace(order=1)


def stack_of(*skies, noise=0.0, boxes=(), names=None):
    rng = np.random.default_rng(8)
    made = []
    for i, sky in enumerate(skies):
        image = np.broadcast_to(np.asarray(sky, float), SHAPE) + noise * rng.standard_normal(SHAPE)
        if i < len(boxes) and boxes[i] is not None:
            kept = np.full(SHAPE, np.nan)
            kept[:, boxes[i][0] : boxes[i][1]] = image[:, boxes[i][0] : boxes[i][1]]
            image = kept
        made.append(MaskedImage(image.astype(np.float32)))
    return ExposureStack.of(made, names=names or [f"e{i}" for i in range(len(made))])


def test_overlap_of_a_chain_names_the_one_in_the_middle():
    boxes = [(0, 90), (50, 150), (110, 192)]
    stack = stack_of(1, 2, 3, noise=0.1, boxes=boxes)
    graph = check_overlap(ConsistencyRequest(stack, FLAT))
    expected = 128 * np.array([[90, 40, 0], [40, 100, 40], [0, 40, 82]])
    np.testing.assert_array_equal(graph.overlap.shared, expected)
    assert graph.groups == (("e0", "e1", "e2"),)
    assert graph.candidates[0] == 1 and graph.without_overlap(1) == ()
    assert graph.without_overlap(0) == ("e2",)
    assert "e1 recommends itself" in graph.advice()[0]


def test_groups_that_cannot_be_matched_to_one_reference_are_named():
    boxes = [(0, 60), (5, 70), (120, 192), (110, 190)]
    stack = stack_of(1, 2, 3, 4, noise=0.1, boxes=boxes)
    found = check_consistency(ConsistencyRequest(stack, FLAT))
    assert set(found.graph.groups) == {("e0", "e1"), ("e2", "e3")}
    said = " ".join(found.graph.advice())
    assert "2 groups" in said and "(e0, e1)" in said and "No exposure is overlapped" in said
    item = found.items[0]
    assert item.key == "unshared" and item.state == ABOVE and item.value == 100.0
    assert len(found.closures[0].left_out) == 2


def test_good_overlap_is_good():
    found = check_consistency(ConsistencyRequest(stack_of(1, 2, noise=0.1), FLAT))
    assert found.items[0].state == EXPECTED and found.items[0].value == 0.0
    thin = stack_of(1, 2, noise=0.1, boxes=[(0, 110), (90, 192)])
    assert check_consistency(ConsistencyRequest(thin, FLAT)).items[0].state == ABOVE


def test_what_closes_is_good():
    skies = [10 + a * X + b * Y for a, b in ((0, 0), (3, 1), (-2, 5), (4, -4))]
    stack = stack_of(*skies, noise=0.5)
    found = check_consistency(ConsistencyRequest(stack, PLANE))
    assert [i.key for i in found.items] == ["unshared", "closure", "closure", "reference_choice"]
    assert [i.state for i in found.items] == [EXPECTED] * 4, [i.sentence for i in found.items]
    closure = found.closures[0]
    assert closure.typical < 0.02 and closure.worst_list() == ()
    assert np.isfinite(closure.matrix).all()


def test_the_matrix_is_what_is_left_of_a_known_sky():
    # Order 0 takes the mean away; a slope along x stays, and two slopes differ by their difference.
    slopes = [0.0, 3.0, -1.0, 5.0]
    stack = stack_of(*[20 + s * X for s in slopes])
    closure = check_closure(ConsistencyRequest(stack, FLAT), 0)
    n = SHAPE[1] // 32
    # Of a slope s the means of n blocks scatter by s sqrt((1 - 1/n^2) / 3); what it scatters
    # within a block counts as noise.
    for pair in closure.pairs:
        difference = abs(slopes[pair.first] - slopes[pair.second])
        square = difference**2 * (1 - 1 / n**2) / 3
        assert pair.left.smooth == pytest.approx(math.sqrt(square - pair.left.noise**2), rel=1e-4)
        assert pair.left.offset == pytest.approx(0.0, abs=1e-4)
    assert closure.worst is not None and closure.worst.names == ("e2", "e3")
    order = [p.left.smooth for p in closure.pairs]
    assert order == sorted(order, reverse=True)
    np.testing.assert_array_equal(closure.matrix, closure.matrix.T)


def test_extrapolation_shows_where_the_reference_does_not_look():
    # e1 and e2 look to the right of the reference, where their planes are extrapolated badly:
    # the reference's bump ends at its border.
    bump = 6 * np.maximum(0, X + 0.6) ** 2
    skies = [0 * X, bump, -bump, bump]
    boxes = [(0, 100), None, None, None]
    stack = stack_of(*skies, noise=0.2, boxes=boxes)
    found = check_consistency(ConsistencyRequest(stack, PLANE, reference=0, others=(1,)))
    worst = found.closures[0].worst
    assert worst is not None and worst.state == ABOVE and "e2" in worst.names
    assert found.items[1].state == ABOVE and "extrapolated" in found.items[1].advice
    choice = found.items[-1]
    assert choice.state == ABOVE
    assert "e1 as the reference" in choice.advice


def test_too_stiff_settings_are_fair_at_most():
    stack = stack_of(5 * X * X, 0 * X, 3 * Y * Y, noise=0.1)
    found = check_consistency(ConsistencyRequest(stack, FLAT))
    assert found.items[1].state == ABOVE and "smaller binSize" in found.items[1].advice


def test_larger_stacks_are_made_of_small_squares(monkeypatch):
    skies = [20 + s * X + 2 * Y for s in (0.0, 3.0, -1.0)]
    stack = stack_of(*skies, noise=0.3)
    exact = check_closure(ConsistencyRequest(stack, FLAT), 0)
    monkeypatch.setattr(engine_closure, "_BUDGET", 4 * 3 * 128 * 192 // 16)
    coarse = check_closure(ConsistencyRequest(stack, FLAT), 0)
    np.testing.assert_allclose(coarse.matrix, exact.matrix, rtol=0.01, atol=0.01)


def test_excluded_and_unreadable_exposures_are_left_out_and_named():
    stack = stack_of(1, 2, 3, noise=0.1)
    held = [stack.read(0), None, stack.read(1), stack.read(2)]
    stack = ExposureStack.of(held, names=["a", "gone", "b", "c"])
    plan = StackPlan(excluded=frozenset({"c"}))
    found = check_consistency(ConsistencyRequest(stack, FLAT, plan=plan))
    assert found.graph.names == ("a", "b")
    assert [n for n, _ in found.graph.left_out] == ["gone", "c"]
    assert len(found.closures[0].pairs) == 1


def test_nothing_to_look_at():
    empty = ExposureStack.of([MaskedImage(np.full(SHAPE, np.nan, np.float32))] * 2)
    with pytest.raises(NoReferenceError):
        check_consistency(ConsistencyRequest(empty, FLAT))
    lonely = check_consistency(ConsistencyRequest(stack_of(1, noise=0.1), FLAT))
    assert [i.state for i in lonely.items] == ["unknown", "unknown"]
    assert "fewer than two" in lonely.graph.advice()[0]


def test_it_tells_how_far_it_is_and_can_be_stopped():
    stack = stack_of(1, 2, 3, noise=0.1)
    seen = []
    listener = Stoppable(lambda f, t: seen.append(f))
    found = check(ConsistencyRequest(stack, FLAT), listener)
    fractions = [f for f in seen if f is not None]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert [name for name, _ in found.diagnoses] == [
        n for n in ("e0", "e1", "e2") if n != found.reference
    ]
    for after in range(1, len(seen), 3):
        with pytest.raises(Cancelled):
            check(ConsistencyRequest(stack, FLAT), StopsAfter(after))


class StopsAfter:
    """Progress that has had enough after so many figures."""

    def __init__(self, figures):
        self.left = figures

    def step(self, fraction=None, text=None):
        if fraction is not None:
            self.left -= 1
        if self.left <= 0:
            raise Cancelled("enough")
