"""A small dialog for the two ends of a colour scale."""

from __future__ import annotations

import math

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from bgviewer.ui.plain_text import plain_label

__all__ = ["LimitsDialog"]


class LimitsDialog(QDialog):
    """Asks for the values at the lower and the upper end.

    Parameters
    ----------
    levels : (float, float)
        The present ends.
    """

    given = pyqtSignal(float, float)

    def __init__(self, levels: tuple[float, float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Limits of the colour scale"))
        self.low, self.high = QLineEdit(f"{levels[0]:.6g}"), QLineEdit(f"{levels[1]:.6g}")
        self.problem = QLabel()
        plain_label(self.problem)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        form = QFormLayout(self)
        form.addRow(self.tr("&Lower end"), self.low)
        form.addRow(self.tr("&Upper end"), self.high)
        form.addRow(self.problem)
        form.addRow(buttons)
        for field in (self.low, self.high):
            field.textChanged.connect(self._judge)
        self.high.selectAll()
        self._judge()

    def values(self) -> tuple[float, float] | None:
        """The ends that were typed, or None where they make no scale."""
        try:
            texts = (self.low.text(), self.high.text())
            low, high = (float(t.replace("−", "-").replace(",", ".")) for t in texts)
        except ValueError:
            return None
        return (low, high) if math.isfinite(low + high) and low < high else None

    def accept(self) -> None:
        """Give the values and close."""
        values = self.values()
        if values is not None:
            self.given.emit(*values)
            super().accept()

    def _judge(self) -> None:
        fits = self.values() is not None
        if self._ok is not None:
            self._ok.setEnabled(fits)
        self.problem.setText(
            "" if fits else self.tr("Two numbers, the lower one first, e.g. −5 and 20")
        )
