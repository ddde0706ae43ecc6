"""Which of the window's actions can be used now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bgviewer.tasks.overlays import OVERLAYS
from bgviewer.tasks.show import THIRD_VIEWS
from bgviewer.ui.menus.stack import MARKS

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["enable_actions"]


def enable_actions(window: MainWindow) -> None:
    """Enable what makes sense with the present stack, pair and work."""
    state = window.session.state
    has_stack, ready = state.stack is not None, state.reference is not None
    free = state.job is None and not state.problems
    for name in ("match_all", "export", "export_toolbar"):
        window.actions_[name].setEnabled(has_stack and ready and free)
    for name in ("close", "figure", "previous", "next", "copy", "keep_a", "keep_b", *MARKS):
        window.actions_[name].setEnabled(has_stack)
    for name in ("save_session", "save_session_as", "report", "copy_table", "copy_command"):
        window.actions_[name].setEnabled(has_stack)
    for name in ("zoom_in", "zoom_out", "fit", "full", "cells", "lock_levels", "auto_levels"):
        window.actions_[name].setEnabled(has_stack)
    for name in OVERLAYS:
        window.actions_[f"overlay_{name}"].setEnabled(has_stack)
    for name in THIRD_VIEWS:
        window.actions_[f"third_{name}"].setEnabled(has_stack)
    window.actions_["reference"].setEnabled(window.stack_panel.reference_button.isEnabled())
    window.actions_["reload"].setEnabled(bool(window.carrying.paths()) and state.job is None)
    window.actions_["read_as"].setEnabled(has_stack)
    window.actions_["align"].setEnabled(window.preparing.work.can_align and state.job is None)
    window.actions_["take_settings"].setEnabled(bool(window.earlier.matches))
    window.actions_["stop"].setEnabled(state.job is not None)
