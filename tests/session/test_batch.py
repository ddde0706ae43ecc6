"""Following a run by what it begins and finishes."""

from __future__ import annotations

import pytest

from bgviewer.engine.plan import StackPlan
from bgviewer.engine.synthetic import make_stack
from bgviewer.io.stack import ExposureStack
from bgviewer.session.batch import Batch
from bgviewer.session.session import Session

pytest.importorskip("PyQt6.QtCore")


@pytest.fixture
def stack():
    return ExposureStack.of(make_stack(n_exposures=4, shape=(64, 64)).exposures)


def test_it_waits_for_all_but_the_reference_and_the_excluded(stack):
    name = stack.entries[2].name
    batch = Batch.of(stack, 0, lambda i: (i,), StackPlan(frozenset({name})))
    others = {e.id for e in stack.entries} - {0, 2}
    assert batch.waiting == others and batch.pace.total == len(others)
    assert Batch.of(stack, 0, lambda i: (i,), StackPlan(), frozenset({0, 3})).waiting == {3}


def test_what_begins_no_longer_waits_and_what_is_done_counts(stack):
    now = [100.0]
    batch = Batch(stack, lambda i: (i,), [1, 2, 3], clock=lambda: now[0])
    batch.begin(1)
    batch.begin(2)
    assert batch.waiting == {3} and batch.running == {1, 2}
    now[0] += 4.0
    batch.finish(1)
    assert batch.running == {2} and batch.pace.done == 1
    batch.finish(0)  # the reference has no part in it
    batch.finish(1)
    assert batch.pace.done == 1
    now[0] += 4.0
    batch.finish(2)
    assert batch.pace.left == pytest.approx(4.0)


def test_only_failures_of_the_present_settings_are_tried_again(qtbot, stack):
    session = Session()
    try:
        assert session.failed() == frozenset()
        session.retry_failed()
        assert session.state.job is None, "nothing failed: nothing is done"
    finally:
        session.close()
