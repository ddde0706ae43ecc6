"""Which settings a sweep tries: a small dialog."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.config import GRID_STATISTICS, INTERP_STYLES, OPTIONS
from bgviewer.engine.sweeping import SweepSpace
from bgviewer.errors import BgviewerError
from bgviewer.ui.format import count

__all__ = ["TriedDialog"]

_PENALTY = OPTIONS["penalty_order"]
_PENALTY_ORDERS = range(int(_PENALTY.minimum or 0), int(_PENALTY.maximum or 0) + 1)


def _numbers(text: str) -> tuple[int, ...]:
    """Return whole numbers between commas or spaces."""
    return tuple(int(part) for part in text.replace(",", " ").split())


class TriedDialog(QDialog):
    """Bin sizes, models and statistics; all their combinations are tried.

    Parameters
    ----------
    space : SweepSpace
        What is tried at present.
    usual : SweepSpace
        The default set.
    """

    def __init__(self, space: SweepSpace, usual: SweepSpace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.space, self._also = space, space.also
        self.setWindowTitle(self.tr("What the sweep tries"))
        self.sizes, self.orders = QLineEdit(), QLineEdit()
        self.sizes.setToolTip(
            self.tr("Whole numbers between commas. Example: 256, 128, 64 tries three bin sizes.")
        )
        self.orders.setToolTip(
            self.tr("Orders of the polynomial; empty = no polynomials. Example: 1, 2, 3, 4.")
        )
        self.styles = [QCheckBox(s) for s in INTERP_STYLES]
        self.statistics = [QCheckBox(s) for s in GRID_STATISTICS]
        self.smooth = [QCheckBox(str(n)) for n in _PENALTY_ORDERS]
        self.centroids = QCheckBox(self.tr("at the centroids of good pixels"))
        self.centroids.setToolTip(
            self.tr("Where the values of cells stand (cellCentroids); without, at their middles")
        )
        for box in self.smooth:
            box.setToolTip(
                self.tr("P-splines whose penalty is on derivatives of this order, of any binSize")
            )
        for box in self.statistics:
            box.setToolTip(self.tr("Medians and clipped means take longer than MEAN"))
        for box in self.styles:
            box.setToolTip(self.tr("Splines of this style are tried at every binSize"))
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.usual = QPushButton(self.tr("Default set"))
        self.usual.setToolTip(
            self.tr("Bin sizes down to 16, seven orders, two splines, P-splines, MEAN and MEANCLIP")
        )
        self.usual.clicked.connect(lambda: self._show(usual))
        self.buttons.addButton(self.usual, QDialogButtonBox.ButtonRole.ResetRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._place()
        self._show(space)
        for edit in (self.sizes, self.orders):
            edit.textChanged.connect(self._check)
        for box in (*self.styles, *self.smooth, *self.statistics, self.centroids):
            box.toggled.connect(self._check)
        self._check()

    def _place(self) -> None:
        form = QFormLayout()
        form.addRow(self.tr("&binSize"), self.sizes)
        form.addRow(self.tr("&order"), self.orders)
        for name, boxes in (
            ("interpStyle", self.styles),
            ("penaltyOrder", self.smooth),
            ("gridStatistic", self.statistics),
        ):
            grid = QGridLayout()
            for i, box in enumerate(boxes):
                box.setAccessibleName(f"{name} {box.text()}")
                grid.addWidget(box, i // 2, i % 2)
            form.addRow(name, grid)
        form.addRow("cellCentroids", self.centroids)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.problem)
        column.addWidget(self.buttons)
        self.resize(420, self.sizeHint().height())

    def _show(self, space: SweepSpace) -> None:
        self.sizes.setText(", ".join(map(str, space.bin_sizes)))
        self.orders.setText(", ".join(map(str, space.orders)))
        for box in self.styles:
            box.setChecked(box.text() in space.interp_styles)
        for box in self.statistics:
            box.setChecked(box.text() in space.grid_statistics)
        for box in self.smooth:
            box.setChecked(int(box.text()) in space.penalty_orders)
        self.centroids.setChecked(space.cell_centroids)
        self._also = space.also

    def _check(self) -> None:
        """Say how many settings that makes, or what is wrong."""
        try:
            self.space = SweepSpace(
                _numbers(self.sizes.text()),
                _numbers(self.orders.text()),
                tuple(b.text() for b in self.styles if b.isChecked()),
                tuple(b.text() for b in self.statistics if b.isChecked()),
                tuple(int(b.text()) for b in self.smooth if b.isChecked()),
                self.centroids.isChecked(),
                self._also,
            )
        except BgviewerError as error:
            text, fine = str(error), False
        except ValueError:
            text, fine = self.tr("binSize and order take whole numbers, such as 256, 128."), False
        else:
            text, fine = self.tr("{} settings").format(count(len(self.space.candidates))), True
        self.problem.setText(text)
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        assert ok is not None
        ok.setEnabled(fine)
