"""The Match menu."""

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
    menu = tr("&Match")
    return [
        Entry(
            menu,
            "match_all",
            tr("&Match all"),
            partial(window.earlier.before, window.session.match_all),
            "Ctrl+M",
            "match_all",
            toolbar=True,
            tip=tr("Match all exposures with the present settings; nothing is written"),
        ),
        Entry(
            menu,
            "export_toolbar",
            tr("Export…"),
            window.open_export,
            None,
            "export",
            toolbar=True,
            tip=tr("Match all exposures with the present settings, then write FITS files"),
        ),
        Entry(
            menu,
            "retry_failed",
            tr("&Retry failed"),
            window.session.retry_failed,
            "Ctrl+Shift+M",
            tip=tr("Match those exposures again that could not be matched, and no others"),
        ),
        Entry(
            menu,
            "take_settings",
            tr("&Take settings of the earlier match"),
            window.earlier.take_settings,
            tip=tr("Of exposures that bgviewer has matched: what it was set to then"),
        ),
        Entry(
            menu,
            "find_settings",
            tr("&Find settings…"),
            window.sweep.find_settings,
            "Ctrl+F",
            tip=tr("Try many settings on held-out pixels and see which are right"),
        ),
        Entry(
            menu,
            "diagnose",
            tr("&Diagnostics…"),
            window.diagnostics.open,
            "Ctrl+D",
            tip=tr("How far this match and the stack can be trusted, and what to try"),
        ),
        Entry(menu, "stop", tr("&Stop"), window.session.stop, "Esc", "stop"),
    ]
