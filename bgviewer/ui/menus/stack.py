"""The Stack menu."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bgviewer.ui.actions import Entry
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["entries"]


def entries(window: MainWindow) -> list[Entry | None]:
    """Return the entries of the menu; None = a separator."""
    menu, panel = tr("&Stack"), window.stack_panel
    previous, following = ("PgUp", "["), ("PgDown", "]")
    step = panel.step
    return [
        Entry(menu, "previous", tr("&Previous exposure"), partial(step, -1), previous, "previous"),
        Entry(menu, "next", tr("&Next exposure"), partial(step, 1), following, "next"),
        None,
        Entry(
            menu,
            "reference",
            tr("Use as &reference"),
            panel.use_current,
            "R",
            "reference",
            toolbar=True,
            tip=tr("Make the selected exposure the reference"),
        ),
    ]
