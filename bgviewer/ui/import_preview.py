"""The table that shows what a file gives as recognised and as chosen, side by side."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from bgviewer.tasks.import_preview import ImportPreview
from bgviewer.ui.format import NOTHING, count, number, share, with_unit
from bgviewer.ui.plain_text import plain_tip

__all__ = ["PreviewTable"]

_MOST_PLANES = 6


class PreviewTable(QTableWidget):
    """Two columns of figures; what is not known yet is said so."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = (
            self.tr("Size"),
            self.tr("Mask planes"),
            self.tr("Usable pixels"),
            self.tr("Uncertainty"),
            self.tr("Noise, stated / seen"),
            self.tr("Median level"),
            self.tr("Zero point"),
            self.tr("Remarks"),
        )
        self.setRowCount(len(self._rows))
        self.setColumnCount(2)
        self.setVerticalHeaderLabels(self._rows)
        self.setHorizontalHeaderLabels([self.tr("As recognised"), self.tr("As chosen")])
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setWordWrap(True)
        self.setAccessibleName(self.tr("Preview"))
        text = self.tr(
            "What reading gives. Stated noise is the median of the variance plane as a standard "
            "deviation, seen noise the spread of the image: a variance of the wrong kind is off "
            "by a large factor. Example: 5.1 / 5.3 fits, 0.04 / 5.3 is an inverse variance taken "
            "for a variance."
        )
        self.setWhatsThis(f"<p>{text}</p>")
        self.setToolTip(f"<p>{text}</p>")
        for row in range(len(self._rows)):
            for column in range(2):
                item = QTableWidgetItem(NOTHING)
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)
        columns, rows = self.horizontalHeader(), self.verticalHeader()
        assert columns is not None and rows is not None
        columns.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setMinimumHeight(self.fontMetrics().height() * 13)
        rows.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def wait(self, column: int) -> None:
        """Say that the figures of a column are on their way."""
        self._put(column, [self.tr("reading…"), *[""] * (len(self._rows) - 1)])

    def show_preview(self, column: int, preview: ImportPreview) -> None:
        """Show figures, or why there are none."""
        if preview.shape is None:
            empty = [NOTHING] * (len(self._rows) - 1)
            self._put(column, [*empty, preview.problem])
            return
        ny, nx = preview.shape
        noise = NOTHING
        if preview.noise_told == preview.noise_told or preview.noise_seen == preview.noise_seen:
            noise = f"{number(preview.noise_told, 3)} / {number(preview.noise_seen, 3)}"
        texts = [
            f"{nx} × {ny}",
            self._planes(preview),
            share(preview.usable),
            preview.variance_kind,
            f"{noise} {preview.unit}".rstrip(),
            with_unit(preview.level, preview.unit),
            with_unit(preview.zero_point, "mag"),
            "; ".join(preview.warnings) or NOTHING,
        ]
        self._put(column, texts)

    def _planes(self, preview: ImportPreview) -> str:
        flagged = [(name, n) for name, n in preview.planes.items() if n]
        if not flagged:
            text = self.tr("{} planes, no pixel flagged").format(len(preview.planes))
            return text if preview.planes else self.tr("no mask")
        told = [f"{name} {count(n)}" for name, n in flagged[:_MOST_PLANES]]
        more = len(flagged) - len(told)
        return ", ".join(told) + (self.tr(" and {} more").format(more) if more else "")

    def _put(self, column: int, texts: list[str]) -> None:
        for row, text in enumerate(texts):
            item = self.item(row, column)
            if item is not None:
                item.setText(text)
                item.setToolTip(plain_tip(text))
