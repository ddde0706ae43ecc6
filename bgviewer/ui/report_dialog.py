"""The table after an export: what became of every exposure."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QColor, QGuiApplication
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bgviewer.io.text import no_formula
from bgviewer.tasks.acceptance import AcceptanceLimits, criterion_of
from bgviewer.tasks.export import ExportReport
from bgviewer.tasks.match import MatchOutcome
from bgviewer.ui.format import NOTHING, number
from bgviewer.ui.open_folder import open_folder
from bgviewer.ui.plain_text import plain_label, plain_tip
from bgviewer.ui.theme import FollowsPalette, current_colours

__all__ = ["ReportDialog"]


class ReportDialog(FollowsPalette, QDialog):
    """One row per exposure: status, figures, what was adjusted, the file."""

    retry_asked = pyqtSignal(object)
    """The report whose failed exposures shall be tried again."""

    def __init__(self, report: ExportReport, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report = report
        self.setWindowTitle(self.tr("Export report"))
        self.resize(940, 380)
        summary = QLabel(self._summary())
        plain_label(summary)
        summary.setWordWrap(True)
        summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.table = self._build_table()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        folder = QPushButton(self.tr("Open folder"))
        folder.clicked.connect(self._open_folder)
        self.folder_button = folder
        self.place = QLabel()
        self.place.setTextFormat(Qt.TextFormat.PlainText)
        self.place.setWordWrap(True)
        self.place.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.place.setAccessibleName(self.tr("Folder of the export"))
        self.place.hide()
        copy = QPushButton(self.tr("Copy table"))
        copy.clicked.connect(self._copy)
        self.retry = QPushButton(self.tr("Retry failed ({})").format(report.n_failed), self)
        self.retry.setToolTip(
            self.tr("Match and write those exposures again that failed; the others stay")
        )
        self.retry.setVisible(report.n_failed > 0)
        self.retry.clicked.connect(self._retry)
        if report.n_failed:
            buttons.addButton(self.retry, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(folder, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(summary)
        column.addWidget(self.table, 1)
        column.addWidget(self.place)
        column.addWidget(buttons)
        self.begin_following()

    def _open_folder(self) -> None:
        """Show the folder in the file manager; without one, give its path."""
        folder = self._report.directory.absolute()
        if open_folder(folder):
            self.place.hide()
            return
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(str(folder))
        text = self.tr("No program was found that shows folders. The path, now copied, is:\n{}")
        self.place.setText(text.format(folder))
        self.place.show()

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        for row, outcome in enumerate(self._report.outcomes):
            item = self.table.item(row, 1)
            if item is not None and outcome.status == "failed":
                item.setForeground(QColor(current_colours().bad))

    def _retry(self) -> None:
        self.retry_asked.emit(self._report)
        self.accept()

    def _summary(self) -> str:
        report = self._report
        text = self.tr("{} matched").format(report.n_matched)
        if report.n_failed:
            text += self.tr(", {} failed").format(report.n_failed)
        files = self.tr("{} files written to {}").format(len(report.written), report.directory)
        return f"{text}. {files}"

    def _headings(self) -> list[str]:
        return [
            self.tr("Exposure"),
            self.tr("Status"),
            self.tr("Verdict"),
            "fitRMS",
            "matchedMSE",
            "diffImVar",
            self.tr("MSE/var"),
            self.tr("LSST's criterion"),
            self.tr("Remark"),
            self.tr("File"),
        ]

    def _build_table(self) -> QTableWidget:
        headings = self._headings()
        table = QTableWidget(len(self._report.outcomes), len(headings))
        table.setHorizontalHeaderLabels(headings)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAccessibleName(self.tr("Export report"))
        for row, outcome in enumerate(self._report.outcomes):
            for column, text in enumerate(_cells(outcome, self._report.limits)):
                table.setItem(row, column, self._item(outcome, column, text))
        vertical, horizontal = table.verticalHeader(), table.horizontalHeader()
        assert vertical is not None and horizontal is not None
        vertical.hide()
        horizontal.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        horizontal.setSectionResizeMode(8, QHeaderView.ResizeMode.Stretch)
        return table

    def _item(self, outcome: MatchOutcome, column: int, text: str) -> QTableWidgetItem:
        item = QTableWidgetItem(text)
        item.setToolTip(plain_tip(text))
        if 3 <= column <= 6:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _copy(self) -> None:
        lines = [self._headings(), *(_cells(o, self._report.limits) for o in self._report.outcomes)]
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(
                "\n".join(
                    "\t".join(no_formula(" ".join(c.split())) for c in line) for line in lines
                )
            )


def _cells(outcome: MatchOutcome, limits: AcceptanceLimits) -> list[str]:
    criterion, judged = criterion_of(outcome, limits), outcome.judged
    why = [] if judged is None or judged.is_good else [judged.reason, judged.advice]
    remark = outcome.reason or "; ".join(
        filter(None, (*why, *(a.text for a in outcome.adjustments)))
    )
    return [
        outcome.name,
        outcome.status,
        NOTHING if judged is None else f"{judged.sign} {judged.state}",
        NOTHING if outcome.is_reference else number(outcome.fit_rms),
        number(outcome.matched_mse),
        number(outcome.diff_im_var),
        number(outcome.ratio),
        NOTHING if criterion is None else criterion.text,
        remark,
        outcome.output.name if outcome.output is not None else NOTHING,
    ]
