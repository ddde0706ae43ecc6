"""The Compare menu."""

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
    menu = tr("&Compare")
    found: list[Entry | None] = []
    for group in (_snapshots, _looking, _listing, _coadd):
        found += [None, *group(window, menu)]
    return found


def _snapshots(window: MainWindow, menu: str) -> list[Entry]:
    views = window.session.stack_views
    keep = tr("Keep settings, pictures and figures of the shown match as snapshot {}")
    return [
        Entry(
            menu,
            "keep_a",
            tr("Keep as &A"),
            partial(views.keep, "a"),
            "Ctrl+Shift+A",
            tip=keep.format("A"),
        ),
        Entry(
            menu,
            "keep_b",
            tr("Keep as &B"),
            partial(views.keep, "b"),
            "Ctrl+Shift+B",
            tip=keep.format("B"),
        ),
    ]


def _looking(window: MainWindow, menu: str) -> list[Entry]:
    compare = window.stack_views.compare
    return [
        Entry(
            menu,
            "toggle_ab",
            tr("&Toggle A and B"),
            compare.toggle,
            "Space",
            tip=tr("Show snapshot A, then B, then A… in the panels; any edit ends it"),
        ),
        Entry(
            menu,
            "blink",
            tr("B&link A and B"),
            compare.blink,
            "B",
            tip=tr("Show A and B in turn, each for 0.6 s; again, or any edit: stop"),
        ),
        Entry(
            menu,
            "split",
            tr("&Split line"),
            compare.split,
            "Shift+B",
            tip=tr("A left and B right of a line that can be dragged"),
        ),
        Entry(menu, "split_left", tr("Move split line le&ft"), compare.split_left, "Alt+Left"),
        Entry(menu, "split_right", tr("Move split line &right"), compare.split_right, "Alt+Right"),
        Entry(
            menu,
            "compare_off",
            tr("Back to the &present"),
            compare.stop,
            "Backspace",
            tip=tr("Show the match with the present settings again"),
        ),
    ]


def _listing(window: MainWindow, menu: str) -> list[Entry]:
    forget = window.session.stack_views.forget_snapshots
    return [
        Entry(
            menu,
            "differences",
            tr("&What differs…"),
            window.stack_views.show_differences,
            "Ctrl+Shift+D",
            tip=tr("List the settings and figures in which A and B differ"),
        ),
        Entry(menu, "forget_ab", tr("F&orget A and B"), forget),
    ]


def _coadd(window: MainWindow, menu: str) -> list[Entry]:
    texts = (("mean", tr("Co-add by &mean")), ("median", tr("Co-add by m&edian")))
    return [
        Entry(
            menu,
            f"coadd_{name}",
            text,
            partial(_combine, window, name),
            checked=name == window.session.stack_views.statistic,
            group="coadd",
        )
        for name, text in texts
    ]


def _combine(window: MainWindow, statistic: str, chosen: bool) -> None:
    if chosen:
        window.session.stack_views.set_statistic(statistic)
