"""The Stack menu."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bgviewer.ui.actions import Entry
from bgviewer.ui.menus.texts import tr

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["MARKS", "entries"]

MARKS = (
    "exclude",
    "draw_box",
    "draw_ellipse",
    "draw_polygon",
    "import_regions",
    "export_regions",
)
"""Entries that need a stack."""


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
        Entry(
            menu,
            "exclude",
            tr("E&xclude exposure"),
            window.marking.exposures.set_excluded,
            "X",
            checked=False,
            tip=tr("Leave the selected exposure out of match, ranking and export"),
        ),
        Entry(
            menu,
            "read_as",
            tr("Read &as…"),
            window.importing.read_as,
            "Ctrl+I",
            tip=tr("Say which HDU, mask, uncertainty and zero point the selected file has"),
        ),
        None,
        Entry(
            menu,
            "detect",
            tr("&Detect sources…"),
            window.preparing.show_detection,
            tip=tr("Make a DETECTED plane in exposures that bring none"),
        ),
        Entry(
            menu,
            "align",
            tr("&Align to the common grid"),
            window.preparing.work.align,
            tip=tr("Re-project exposures of another pixel grid onto that of the others"),
        ),
        None,
        *_regions(window, menu),
    ]


def _regions(window: MainWindow, menu: str) -> list[Entry]:
    start, files = window.marking.regions.start, window.marking.files
    drawing = (
        ("box", tr("Ignore a rec&tangle"), "Shift+R", tr("Drag it on any of the images")),
        ("ellipse", tr("Ignore an &ellipse"), "Shift+E", tr("Drag it on any of the images")),
        ("polygon", tr("Ignore a p&olygon"), "Shift+P", tr("Click its corners on any image")),
    )
    shapes = [
        Entry(menu, f"draw_{shape}", text, partial(start, shape), key, tip=tip)
        for shape, text, key, tip in drawing
    ]
    ds9 = tr("Regions to ignore, as a ds9 .reg file")
    return [
        *shapes,
        Entry(menu, "import_regions", tr("&Import regions…"), files.ask_import, tip=ds9),
        Entry(menu, "export_regions", tr("Ex&port regions…"), files.ask_export, tip=ds9),
    ]
