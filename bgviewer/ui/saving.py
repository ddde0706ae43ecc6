"""Panels as pictures, tables as text, the report: what leaves the window besides exposures."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PyQt6.QtCore import QObject, QPoint, QRect, QSize
from PyQt6.QtGui import QGuiApplication, QImage, QPainter, QRegion
from PyQt6.QtSvg import QSvgGenerator
from PyQt6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGraphicsView,
    QLabel,
    QMenu,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from bgviewer.io.text import no_formula
from bgviewer.tasks.html_report import (
    HtmlReport,
    Table,
    plan_table,
    settings_table,
    shown_figures,
    shown_pictures,
    write_html,
)
from bgviewer.ui.menus.texts import tr
from bgviewer.ui.plain_text import plain_tip
from bgviewer.ui.ranking_rows import RankingRow, rows_of

if TYPE_CHECKING:
    from bgviewer.ui.main_window import MainWindow

__all__ = ["SaveDialog", "Saving", "save_widget"]

_HEAD = (
    "exposure",
    "reference",
    "cost",
    "variance term",
    "level term",
    "coverage term",
    "fitRMS",
    "MSE/var",
    "verdict",
    "verdict_reason",
    "verdict_number",
    "state",
    "remark",
)


class SaveDialog(QDialog):
    """Asks for format and size of a picture."""

    def __init__(self, size: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._aspect = size.height() / max(size.width(), 1)
        self.setWindowTitle(self.tr("Save panel"))
        self.format = QComboBox()
        self.format.addItems(["PNG", "SVG"])
        self.format.setToolTip(self.tr("SVG keeps text and lines sharp at any size"))
        self.width_ = QSpinBox()
        self.width_.setRange(100, 8000)
        self.width_.setSuffix(" px")
        self.width_.setValue(size.width())
        self.width_.setToolTip(self.tr("Width of the picture; the height follows"))
        self.scale = QSpinBox()
        self.scale.setRange(1, 4)
        self.scale.setPrefix("× ")
        self.scale.setToolTip(self.tr("PNG: × 2 has twice the pixels per side, for print"))
        self.size_ = QLabel()
        form = QFormLayout()
        for text, widget in (
            (self.tr("&Format"), self.format),
            (self.tr("&Width"), self.width_),
            (self.tr("&Scale"), self.scale),
        ):
            widget.setAccessibleName(text.replace("&", ""))
            form.addRow(text, widget)
        form.addRow(self.tr("Picture"), self.size_)
        button = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(button.Save | button.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(buttons)
        self.width_.valueChanged.connect(self._say)
        self.scale.valueChanged.connect(self._say)
        self.format.currentIndexChanged.connect(self._say)
        self._say()

    @property
    def vector(self) -> bool:
        """Whether SVG is wanted."""
        return self.format.currentText() == "SVG"

    @property
    def picture_size(self) -> QSize:
        """Pixels of the file."""
        width = self.width_.value() * (1 if self.vector else self.scale.value())
        return QSize(width, max(1, round(width * self._aspect)))

    def _say(self) -> None:
        self.scale.setEnabled(not self.vector)
        size = self.picture_size
        self.size_.setText(self.tr("{} × {} pixels").format(size.width(), size.height()))


def save_widget(widget: QWidget, path: Path, size: QSize, vector: bool) -> bool:
    """Draw a widget into a file; return whether that could be done."""
    factor = size.width() / max(widget.width(), 1)
    if vector:
        target = QSvgGenerator()
        target.setFileName(str(path))
        target.setResolution(96)  # of CSS, so that its size in millimetres is that in pixels
        target.setSize(size)
        target.setViewBox(QRect(QPoint(0, 0), size))
        # Markers are copies of small pixmaps on the screen; an SVG wants their outlines.
        markers = _markers(widget)
        for item in markers:
            item.setExportMode(True, {"antialias": True})
        try:
            return _draw(widget, target, factor)
        finally:
            for item in markers:
                item.setExportMode(False)
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(widget.palette().window().color())
    return _draw(widget, image, factor) and image.save(str(path), "PNG")


def _markers(widget: QWidget) -> list[Any]:
    scenes = (view.scene() for view in widget.findChildren(QGraphicsView))
    items = (item for scene in scenes if scene is not None for item in scene.items())
    return [item for item in items if isinstance(item, pg.ScatterPlotItem)]


def _draw(widget: QWidget, target: QImage | QSvgGenerator, factor: float) -> bool:
    painter = QPainter()
    if not painter.begin(target):
        return False
    painter.scale(factor, factor)
    widget.render(painter, QPoint(), QRegion(widget.rect()))
    return painter.end()


class Saving(QObject):
    """What File > Save panel, File > Export report and Edit > Copy table do."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    def build_menus(self) -> None:
        """Put the sub-menus into the File menu."""
        window, file = self._window, self._window.actions_.menus[tr("&File")]
        self.recent_menu = QMenu(tr("&Recent"), file)
        self.recent_menu.aboutToShow.connect(self.fill_recent)
        file.insertMenu(window.actions_["save_session"], self.recent_menu)
        self.panel_menu = QMenu(tr("Save &panel"), file)
        panels = window.panels
        for text, widget in (
            (tr("&Model…"), panels.model),
            (tr("&Residuals…"), panels.residuals),
            (tr("&Third view…"), panels.third),
            (tr("&Whole figure…"), panels),
        ):
            action = self.panel_menu.addAction(text)
            assert action is not None
            action.triggered.connect(partial(self.save_panel, widget))
        file.insertMenu(window.actions_["figure"], self.panel_menu)

    def fill_recent(self) -> None:
        """List what can be opened again."""
        menu, carrying = self.recent_menu, self._window.carrying
        menu.clear()
        for number, paths in enumerate(carrying.recent.entries(), 1):
            more = tr(" and {} more").format(len(paths) - 1) if len(paths) > 1 else ""
            name = Path(paths[0]).name.replace("&", "&&")
            key = f"&{number} " if number < 10 else "1&0 "
            action = menu.addAction(f"{key}{name}{more}")
            assert action is not None
            action.setToolTip(plain_tip("\n".join(paths[:20])))
            action.triggered.connect(partial(self._window.files.load, paths))
        menu.setToolTipsVisible(True)
        if menu.isEmpty():
            nothing = menu.addAction(tr("Nothing opened yet"))
            assert nothing is not None
            nothing.setEnabled(False)
            return
        menu.addSeparator()
        clear = menu.addAction(tr("&Clear the list"))
        assert clear is not None
        clear.triggered.connect(carrying.recent.clear)

    def save_panel(self, widget: QWidget, checked: bool = False) -> None:
        """Ask for size and file, and draw a panel."""
        del checked
        dialog = SaveDialog(widget.size(), self._window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.accepted.connect(partial(self._save_panel, widget, dialog))
        dialog.open()

    def _save_panel(self, widget: QWidget, dialog: SaveDialog) -> None:
        suffix = ".svg" if dialog.vector else ".png"
        start = Path(self._window.files.last_folder or ".") / f"panel{suffix}"
        kind = f"{suffix[1:].upper()} (*{suffix})"
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save panel"), str(start), kind
        )
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower() != suffix:
            path = path.with_name(path.name + suffix)
        saved = not (str(path) != chosen and path.exists()) and save_widget(
            widget, path, dialog.picture_size, dialog.vector
        )
        notice = self._window.session.notice
        if saved:
            notice("info", self.tr("{} written.").format(path))
        else:
            notice("error", self.tr("{} cannot be written.").format(path))

    def copy_table(self) -> None:
        """Copy the ranking in the order of the screen, with tabs between the columns."""
        panel, rows = self._window.stack_panel, rows_of(self._window.session)
        proxy = panel.proxy
        order = [proxy.mapToSource(proxy.index(i, 0)).row() for i in range(proxy.rowCount())]
        lines = [_HEAD, *(_cells(rows[i]) for i in order)]
        text = "\n".join(
            "\t".join(no_formula(" ".join(cell.split())) for cell in line) for line in lines
        )
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(text + "\n")

    def export_report(self) -> None:
        """Ask for a file and write the report of what is known now."""
        start = Path(self._window.files.last_folder or ".") / "report.html"
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Export report"), str(start), "HTML (*.html)"
        )
        if not chosen:
            return
        path = Path(chosen)
        typed = path.suffix.lower() in (".html", ".htm")
        path = path if typed else path.with_name(path.name + ".html")
        report = self._report()
        self._window.session.write_file(
            self.tr("Writing the report"), lambda job: write_html(path, report, overwrite=typed)
        )

    def _report(self) -> HtmlReport:
        session = self._window.session
        state, rows = session.state, rows_of(session)
        ranking = Table(
            self.tr("Exposures ranked as references"),
            _HEAD,
            tuple(_cells(row) for row in rows),
            frozenset(range(2, 8)),
        )
        lines, tables = [self._window.heading.text()], [ranking]
        pictures: tuple = ()
        if (shown := state.match.shown) is not None:
            pictures = shown_pictures(shown)
            tables.insert(0, shown_figures(shown))
        if state.match.withheld:
            lines.append(state.match.withheld)
        tables += [settings_table(state.config), *plan_table(state.plan)]
        return HtmlReport(
            self.tr("Background match"), tuple(filter(None, lines)), pictures, tuple(tables)
        )


def _cells(row: RankingRow) -> tuple[str, ...]:
    weighted = row.weighted or (None, None, None)
    return (
        row.name,
        "yes" if row.is_reference else "",
        *(_number(v) for v in (row.cost, *weighted, row.fit_rms, row.ratio)),
        *_verdict(row),
        row.state,
        row.reason or row.remark,
    )


def _verdict(row: RankingRow) -> tuple[str, str, str]:
    told = row.verdict
    return ("", "", "") if told is None else (told.state, told.reason, _number(told.number))


def _number(value: float | None) -> str:
    """Plain ASCII, so that a table calculates with it."""
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"
