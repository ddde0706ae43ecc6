"""The View menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtGui import QKeySequence

from bgviewer.tasks.show import THIRD_VIEWS
from bgviewer.ui.actions import Entry
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["entries"]


def entries(window: MainWindow) -> list[Entry | None]:
    """Return the entries of the menu; None = a separator."""
    menu = tr("&View")
    groups = (_zoom, _scales, _third_view, _schemes, _layout)
    found: list[Entry | None] = []
    for group in groups:
        found += [None, *group(window, menu)]
    return found


def _zoom(window: MainWindow, menu: str) -> list[Entry]:
    key, view = QKeySequence.StandardKey, window.panels.view
    tip = tr("One image pixel per screen pixel")
    return [
        Entry(menu, "zoom_in", tr("Zoom &in"), lambda: view.zoom(1 / 1.4), key.ZoomIn),
        Entry(menu, "zoom_out", tr("Zoom &out"), lambda: view.zoom(1.4), key.ZoomOut),
        Entry(menu, "fit", tr("&Fit"), view.fit, "Ctrl+0", "fit", tip=tr("Show the whole image")),
        Entry(menu, "full", tr("&100 %"), window.panels.full_scale, "Ctrl+1", "full", tip=tip),
    ]


def _scales(window: MainWindow, menu: str) -> list[Entry]:
    panels = window.panels

    def lay(name: str) -> Callable[[bool], None]:
        return lambda shown: window.session.set_overlay(name, shown)

    return [
        Entry(
            menu,
            "cells",
            tr("&Cells on the model"),
            panels.model.set_markers_visible,
            "G",
            "cells",
            checked=True,
        ),
        *(
            Entry(menu, f"overlay_{name}", text, lay(name), key, checked=False, tip=tip)
            for name, text, key, tip in _overlays()
        ),
        Entry(
            menu,
            "lock_levels",
            tr("&Lock colour scales"),
            panels.lock_levels,
            "Shift+L",
            "lock",
            checked=False,
            tip=tr("Keep the colour scales while settings and exposures change"),
        ),
        Entry(menu, "auto_levels", tr("&Automatic colour scales"), panels.auto_levels, "A"),
    ]


def _overlays() -> tuple[tuple[str, str, str, str], ...]:
    return (
        ("bins", tr("&Outlines of the bins"), "O", tr("The bins that judge the fit, when > 6 px")),
        ("mask", tr("Bad &mask planes, hatched"), "M", tr("Pixels that are left out, and why")),
        ("coverage", tr("&No data, hatched"), "D", tr("Where either exposure has no data")),
    )


def _third_view(window: MainWindow, menu: str) -> list[Entry]:
    label, third = window.panels.third.label_of, window.session.state.third
    return [
        Entry(
            menu,
            f"third_{name}",
            label(name),
            partial(_choose_third, window, name),
            str(number % 10),
            checked=name == third,
            group="third",
        )
        for number, name in enumerate(THIRD_VIEWS, 1)
    ]


def _choose_third(window: MainWindow, name: str, chosen: bool) -> None:
    if chosen:
        window.session.set_third(name)


def _schemes(window: MainWindow, menu: str) -> list[Entry]:
    schemes = (
        ("system", tr("Colours of the &system")),
        ("light", tr("L&ight")),
        ("dark", tr("&Dark")),
    )
    return [
        Entry(
            menu,
            f"scheme_{name}",
            label,
            partial(window.scheme.choose, name),
            checked=name == "system",
            group="scheme",
        )
        for name, label in schemes
    ]


def _layout(window: MainWindow, menu: str) -> list[Entry]:
    keyboard = window.keyboard
    around = tr("Move the focus from dock to dock and to the images")
    back = tr("Pre&vious area")
    return [
        Entry(menu, "next_area", tr("N&ext area"), keyboard.next_area, "F6", tip=around),
        Entry(menu, "previous_area", back, keyboard.previous_area, "Shift+F6", tip=around),
        Entry(menu, "reset_layout", tr("&Reset layout"), window.docks.reset),
        Entry(menu, "full_screen", tr("F&ull screen"), window.toggle_full_screen, "F11"),
    ]
