"""The ranking table: Qt's own model checks, numeric sorting, text beside every sign."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt

import bgviewer
from bgviewer.engine.exposure import Exposure
from bgviewer.session.session import Session
from bgviewer.ui.ranking_model import COLUMNS, RankingModel, RankingProxy
from bgviewer.ui.terms_bar import term_spans


@pytest.fixture
def session(qapp, qtbot):
    rng = np.random.default_rng(8)
    images = [
        Exposure(rng.normal(50 * i, i, (40, 40)).astype(np.float32), name=f"e{i}")
        for i in (2, 9, 1, 10)
    ]
    session = Session(bgviewer.MatchConfig(bin_size=8))
    session.use_stack(bgviewer.ExposureStack.of([*images, None]))
    qtbot.waitUntil(
        lambda: session.state.match.shown is not None and session.state.match.shown.complete,
        timeout=20_000,
    )
    yield session
    session.close()


def test_qt_finds_no_fault(session, qtmodeltester):
    qtmodeltester.check(RankingModel(session), force_py=True)


def column(proxy, name):
    at = COLUMNS.index(name)
    return [proxy.index(row, at).data() for row in range(proxy.rowCount())]


def test_costs_sort_as_numbers_and_failures_come_last(session):
    proxy = RankingProxy()
    model = RankingModel(session, proxy)
    proxy.setSourceModel(model)
    proxy.sort(COLUMNS.index("cost"))
    names = [n.removeprefix("★ ") for n in column(proxy, "name")]
    entries = session.state.stack.stack.entries
    order = session.state.stack.ranking.order
    assert names[:4] == [entries[i].name for i in order[:4]]
    assert column(proxy, "cost")[-1].startswith("✕")
    proxy.sort(COLUMNS.index("cost"), Qt.SortOrder.DescendingOrder)
    assert column(proxy, "cost")[-1].startswith("✕"), "what has no cost is last both ways"


def test_every_state_is_a_word_with_a_reason(session):
    model = RankingModel(session)
    words = [model.index(i, COLUMNS.index("state")).data() for i in range(5)]
    assert sum("reference" in w for w in words) == 1 and sum("matched" in w for w in words) == 1
    assert "failed" in words[4]
    tip = model.index(4, COLUMNS.index("state")).data(Qt.ItemDataRole.ToolTipRole)
    assert "cannot be read" in tip
    model.set_compact(True)
    assert model.index(4, COLUMNS.index("state")).data() == "✕"


def test_the_bar_is_the_cost(session):
    model = RankingModel(session)
    for i, cost in enumerate(session.state.stack.ranking.cost[:4]):
        assert sum(model.weighted(i)) == pytest.approx(cost)
    assert model.weighted(4) is None
    assert model.reach() == (0, pytest.approx(max(session.state.stack.ranking.cost[:4])))


def test_negative_terms_lie_left_of_zero_and_the_rest_adds_up():
    spans = term_spans((0.2, -0.5, 0.3))
    assert spans == [(0.0, 0.2), (-0.5, 0.0), (0.2, 0.5)]
    for weighted in ((0.1, 0.2, 0.3), (-0.1, -0.2, 0.3), (-1.0, -1.0, -1.0)):
        found = term_spans(weighted)
        ends = sum((e - s) * (1 if s >= 0 else -1) for s, e in found)
        assert ends == pytest.approx(sum(weighted))


def test_a_row_that_failed_tells_the_reason(session):
    model = RankingModel(session)
    assert model.reason_from(4) == "cost" and model.reason_from(0) == ""
    text = model.index(4, COLUMNS.index("cost")).data()
    assert text.startswith("✕ ") and "cannot be read" in text


def test_a_clash_of_settings_is_the_state(session):
    model = RankingModel(session)
    session.edit_config("bin_size", 16)
    session.edit_config("use_polynomial", True)
    assert session.held_back()
    words = [model.index(i, COLUMNS.index("state")).data() for i in range(4)]
    assert sum("settings" in w for w in words) == 3 and sum("reference" in w for w in words) == 1


def test_an_excluded_exposure_says_so_and_has_no_cost(session):
    model = RankingModel(session)
    out = session.state.stack.ranking.order[-2]
    session.exclude(out)
    assert model.index(out, COLUMNS.index("state")).data() == "⊘ excluded"
    assert model.weighted(out) is None
    session.exclude(out, False)
    assert model.index(out, COLUMNS.index("state")).data() != "⊘ excluded"
    assert model.weighted(out) is not None


def looks(model):
    """All that a cell shows, by (row, column)."""
    roles = Qt.ItemDataRole
    found = {}
    for row in range(model.rowCount()):
        for at in range(model.columnCount()):
            index = model.index(row, at)
            font, brush = index.data(roles.FontRole), index.data(roles.ForegroundRole)
            found[row, at] = (
                index.data(),
                font and (font.italic(), font.bold(), font.strikeOut()),
                brush and brush.color().name(),
                COLUMNS[at] == "terms" and model.weighted(row),
            )
    return found


def test_cells_that_look_otherwise_are_told_and_no_bar_is_drawn_for_another_match(session, qtbot):
    model = RankingModel(session)
    told = set()

    def on_change(first, last):
        rows = range(first.row(), last.row() + 1)
        told.update((r, c) for r in rows for c in range(first.column(), last.column() + 1))

    model.dataChanged.connect(on_change)
    terms = COLUMNS.index("terms")
    usable = session.state.stack.stack.usable
    for name, change, only_the_match in (
        ("binSize", lambda: session.edit_config("bin_size", 10), True),
        ("back", lambda: session.edit_config("bin_size", 8), True),
        ("reference", lambda: session.set_reference(usable[1]), False),
        ("exclude", lambda: session.exclude(usable[2]), False),
    ):
        told.clear()
        before = looks(model)
        change()
        qtbot.waitUntil(
            lambda: not session.busy and session.state.match.shown is not None, timeout=20_000
        )
        after = looks(model)
        changed = {at for at in after if after[at] != before[at]}
        assert changed and changed <= told, name
        if only_the_match:
            assert not any(at <= terms for _, at in told), name
