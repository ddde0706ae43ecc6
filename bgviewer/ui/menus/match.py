"""The Match menu."""

from __future__ import annotations

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
            window.session.match_all,
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
        Entry(menu, "stop", tr("&Stop"), window.session.stop, "Esc", "stop"),
    ]
