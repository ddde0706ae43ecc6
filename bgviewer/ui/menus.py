"""What stands in the menus: one entry per function that exists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QWhatsThis

from bgviewer.tasks.show import THIRD_VIEWS
from bgviewer.ui.actions import Entry

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["menu_entries"]


def tr(text: str) -> str:
    """Translate a text of the menus."""
    return QCoreApplication.translate("Menus", text)


def menu_entries(window: MainWindow) -> list[Entry | None]:
    """Return the actions in the order of the menus; None = a separator."""
    return [*_file_entries(window), *_view_entries(window), *_work_entries(window)]


def _file_entries(w: MainWindow) -> list[Entry | None]:
    key, menu = QKeySequence.StandardKey, tr("&File")
    edit = tr("&Edit")
    return [
        Entry(menu, "open", tr("&Open files…"), w.open_files, key.Open, "open", toolbar=True),
        Entry(
            menu,
            "folder",
            tr("Open &folder…"),
            w.open_folder,
            "Ctrl+Shift+O",
            "folder",
            toolbar=True,
        ),
        Entry(menu, "demo", tr("Try the &demo stack"), w.session.load_demo),
        None,
        Entry(
            menu,
            "export",
            tr("&Export matched FITS…"),
            w.open_export,
            "Ctrl+E",
            tip=tr("Match all exposures with the present settings, then write FITS files"),
        ),
        Entry(menu, "figure", tr("&Save figure…"), w.save_figure),
        None,
        Entry(menu, "close", tr("&Close stack"), w.session.close_stack, "Ctrl+W"),
        Entry(menu, "quit", tr("&Quit"), w.close, "Ctrl+Q"),
        Entry(edit, "copy", tr("&Copy values under the cursor"), w.copy_values, key.Copy),
        Entry(edit, "defaults", tr("&Reset parameters to the defaults"), w.reset_parameters),
    ]


def _view_entries(w: MainWindow) -> list[Entry | None]:
    key, menu = QKeySequence.StandardKey, tr("&View")
    view = w.panels.view
    entries: list[Entry | None] = [
        Entry(menu, "zoom_in", tr("Zoom &in"), lambda: view.zoom(1 / 1.4), key.ZoomIn),
        Entry(menu, "zoom_out", tr("Zoom &out"), lambda: view.zoom(1.4), key.ZoomOut),
        Entry(menu, "fit", tr("&Fit"), view.fit, "Ctrl+0", "fit", tip=tr("Show the whole image")),
        Entry(
            menu,
            "full",
            tr("&100 %"),
            w.panels.full_scale,
            "Ctrl+1",
            "full",
            tip=tr("One image pixel per screen pixel"),
        ),
        None,
        Entry(
            menu,
            "cells",
            tr("&Cells on the model"),
            w.panels.model.set_markers_visible,
            "G",
            "cells",
            checked=True,
        ),
        Entry(
            menu,
            "lock_levels",
            tr("&Lock colour scales"),
            w.panels.lock_levels,
            "Shift+L",
            "lock",
            checked=False,
            tip=tr("Keep the colour scales while settings and exposures change"),
        ),
        Entry(menu, "auto_levels", tr("&Automatic colour scales"), w.panels.auto_levels, "A"),
        None,
    ]
    for number, name in enumerate(THIRD_VIEWS, 1):
        label = w.panels.third.label_of(name)
        entries.append(
            Entry(menu, f"third_{name}", label, partial(w.session.set_third, name), str(number))
        )
    schemes = (
        ("system", tr("Colours of the &system"), Qt.ColorScheme.Unknown),
        ("light", tr("L&ight"), Qt.ColorScheme.Light),
        ("dark", tr("&Dark"), Qt.ColorScheme.Dark),
    )
    entries.append(None)
    for name, label, scheme in schemes:
        entries.append(
            Entry(
                menu,
                f"scheme_{name}",
                label,
                partial(w.choose_scheme, scheme),
                checked=name == "system",
                group="scheme",
            )
        )
    entries += [
        None,
        Entry(menu, "reset_layout", tr("&Reset layout"), w.reset_layout),
        Entry(menu, "full_screen", tr("F&ull screen"), w.toggle_full_screen, "F11"),
    ]
    return entries


def _work_entries(w: MainWindow) -> list[Entry | None]:
    stack, match, help_ = tr("&Stack"), tr("&Match"), tr("&Help")
    panel = w.stack_panel
    return [
        Entry(
            stack,
            "previous",
            tr("&Previous exposure"),
            partial(panel.step, -1),
            ("PgUp", "["),
            "previous",
        ),
        Entry(stack, "next", tr("&Next exposure"), partial(panel.step, 1), ("PgDown", "]"), "next"),
        None,
        Entry(
            stack,
            "reference",
            tr("Use as &reference"),
            panel.use_current,
            "R",
            "reference",
            toolbar=True,
            tip=tr("Make the selected exposure the reference"),
        ),
        Entry(
            match,
            "match_all",
            tr("&Match all"),
            w.session.match_all,
            "Ctrl+M",
            "match_all",
            toolbar=True,
            tip=tr("Match all exposures with the present settings; nothing is written"),
        ),
        Entry(
            match,
            "export_toolbar",
            tr("Export…"),
            w.open_export,
            None,
            "export",
            toolbar=True,
            tip=tr("Match all exposures with the present settings, then write FITS files"),
        ),
        Entry(match, "stop", tr("&Stop"), w.session.stop, "Esc", "stop"),
        Entry(
            help_,
            "whats_this",
            tr("&What's this?"),
            QWhatsThis.enterWhatsThisMode,
            QKeySequence.StandardKey.WhatsThis,
        ),
        Entry(help_, "keys", tr("&Keyboard list"), w.show_keys, "Ctrl+/"),
        Entry(help_, "about", tr("&About bgviewer"), w.show_about),
    ]
