"""How sure the ranking is, why a row lost, what may mislead, and the verdict."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.exposure import MaskedImage
from bgviewer.ui.ranking_model import COLUMNS
from tests.scenarios.conftest import settle

pytestmark = [pytest.mark.scenario, pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_a_selected_row_says_why_it_lost(window, qtbot):
    panel = window.stack_panel
    ranking = window.session.state.stack.ranking
    assert panel.notes.stability.isVisible()
    assert panel.notes.stability.text().count(" wins in ") == 1
    assert "random triples of weights" in panel.notes.stability.toolTip()
    panel.table.setFocus()
    panel.step(-len(ranking.order))
    seen = {panel.current(): panel.notes.why.text()}
    while len(seen) < len(ranking.order):
        qtbot.keyClick(panel.table, Qt.Key.Key_Down)
        seen[panel.current()] = panel.notes.why.text()
    best = window.session.state.stack.stack.entries[ranking.best].name
    for exposure, text in seen.items():
        lost = exposure != ranking.best
        assert (f"beside {best}:" in text and "against" in text) == lost, text
    settle(qtbot, window)


def test_the_table_says_the_verdict_and_why(window):
    panel, session = window.stack_panel, window.session
    science = session.state.science
    index = panel.model.index(science, COLUMNS.index("verdict"))
    told = session.state.match.shown.figures.verdict
    assert index.data() in (f"{told.sign} {told.state}", told.sign)
    assert told.reason in index.data(Qt.ItemDataRole.ToolTipRole)


def test_levels_of_a_subtracted_sky_are_warned_of_and_mended(make_window, qtbot, tmp_path):
    import numpy as np

    rng = np.random.default_rng(3)
    images = [
        MaskedImage(rng.normal(level, 1, (90, 90)).astype(np.float32)) for level in (-3.0, 2.0, 4.0)
    ]
    from tests.scenarios.conftest import in_memory

    window = make_window(MatchConfig(bin_size=32))
    window.session.use_stack(in_memory(images))
    settle(qtbot, window)
    warning = window.stack_panel.notes.warning
    assert warning.isVisible() and "negative mean levels" in warning.text.text()
    qtbot.mouseClick(warning.dismiss, Qt.MouseButton.LeftButton)
    assert not warning.isVisible()
    window.session.set_weights(0.3, 0.4, 0.2)
    assert not warning.isVisible()
    warning.show()
    qtbot.mouseClick(warning.remedy, Qt.MouseButton.LeftButton)
    assert window.session.state.config.level_above_minimum
    assert not window.session.state.stack.ranking.warnings and not warning.isVisible()
    settle(qtbot, window)


def test_one_empty_exposure_is_warned_of_and_left_out_as_one_step(make_window, qtbot):
    """Coverage is divided by its smallest value: 0 takes the whole term away (SPEC Q12)."""
    import numpy as np

    from tests.scenarios.conftest import in_memory

    rng = np.random.default_rng(4)
    skies = [rng.normal(9, 1, (90, 90)).astype(np.float32) for _ in range(3)]
    skies[1][:] = np.nan
    images = [MaskedImage(sky) for sky in skies]
    window = make_window(MatchConfig(bin_size=32))
    window.session.use_stack(in_memory(images))
    settle(qtbot, window)
    warning = window.stack_panel.notes.warning
    assert warning.isVisible() and "coverage" in warning.text.text()
    before, steps = window.session.state.plan, window.history.steps.count()
    qtbot.mouseClick(warning.remedy, Qt.MouseButton.LeftButton)
    stack = window.session.state.stack
    assert stack.excluded == {1} and not warning.isVisible()
    assert np.isfinite(stack.ranking.cost[[0, 2]]).all() and not stack.ranking.warnings
    settle(qtbot, window)
    assert window.history.steps.count() == steps + 1
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.state.plan == before and warning.isVisible()
    settle(qtbot, window)
