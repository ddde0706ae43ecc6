"""The panels beside the model: residuals of the bins, and a view to choose."""

from __future__ import annotations

from PyQt6.QtCore import QTimer, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QComboBox, QLabel, QSizePolicy, QWidget

from bgviewer.tasks.picture import Picture
from bgviewer.tasks.show import THIRD_VIEWS, Shown
from bgviewer.ui.format import count, counted, number, with_unit
from bgviewer.ui.image_panel import ImagePanel
from bgviewer.ui.view_state import ViewState

__all__ = ["ResidualPanel", "ThirdPanel"]

_REST = 1500  # ms after which a picture counts as looked at
_MUCH = 3.0  # times wider or finer: another story in the same colours


class ResidualPanel(ImagePanel):
    """What the bins are above or below the model."""

    def __init__(self, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__(self.tr("Residuals (bin − model)"), view, parent)
        self._pair: tuple[int, int, int] | None = None
        self._span = self._rested = 0.0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._on_rest)

    def clear(self) -> None:
        """Show nothing."""
        super().clear()
        self._set_titles(self.tr("Residuals (bin − model)"), self.tr("Residuals"))
        self._pair = None

    def _on_rest(self) -> None:
        self._rested = self._span

    def _rescaled(self, shown: Shown) -> str:
        """Say that the colours mean much more or much less than what was looked at before."""
        pair = (id(shown.stack), shown.reference_id, shown.science_id)
        self._span = self.levels[1] - self.levels[0]
        if pair != self._pair:
            self._pair, self._rested = pair, 0.0
        self._rest.start()
        if not (self._rested > 0 and self._span > 0):
            return ""
        ratio = self._span / self._rested
        if 1 / _MUCH < ratio < _MUCH:
            return ""
        text = (
            self.tr("scale {} × wider than before")
            if ratio > 1
            else self.tr("scale {} × finer than before")
        )
        return text.format(number(max(ratio, 1 / ratio), 2))

    def _set_titles(self, *titles: str) -> None:
        """Show the first that fits."""
        self.title.set_texts(*titles)
        self.title.setToolTip(titles[0])

    def describe(self, shown: Shown) -> None:
        """Put fitRMS into the heading, and what the signs mean below it."""
        figures = shown.figures
        rms = with_unit(figures.fit_rms, figures.unit, 3)
        if figures.bins_used == 1:
            self._set_titles(
                self.tr("Residuals (one bin: nothing to test)"), self.tr("Residuals (one bin)")
            )
        else:
            self._set_titles(
                self.tr("Residuals (bin − model), fitRMS = {}").format(rms),
                self.tr("Residuals, fitRMS = {}").format(rms),
                self.tr("Residuals, rms {}").format(rms),
                self.tr("Residuals"),
            )
        text = self.tr("red: matched too faint")
        text += ", " + counted(figures.bins_used, self.tr("bin"), self.tr("bins"))
        if shown.outliers:
            text += self.tr(", {} beyond the scale").format(count(shown.outliers))
        short, hint = self.tr("red: matched too faint"), self._rescaled(shown)
        texts = (f"{hint}; {text}", f"{hint}; {short}", hint) if hint else (text, short)
        self.note.set_texts(*texts)
        self.note.setToolTip(
            (self.tr("{}: Lock scales keeps it.").format(hint) + "\n" if hint else "")
            + self.tr(
                "Bins hold reference − science.\nRed: the reference is brighter than the model "
                "allows, so the matched exposure is too faint there.\nBlue: the other way round."
            )
        )


class ThirdPanel(ImagePanel):
    """A view that is chosen from a list."""

    chosen = pyqtSignal(str)

    def __init__(self, view: ViewState, parent: QWidget | None = None) -> None:
        super().__init__("", view, parent)
        self._labels = {
            "reference_minus_matched": self.tr("Reference − matched"),
            "difference": self.tr("Reference − science"),
            "science": self.tr("Science"),
            "reference": self.tr("Reference"),
            "matched": self.tr("Matched"),
            "mask": self.tr("Mask planes"),
            "variance": self.tr("Variance (ref. + science)"),
            "coadd_before": self.tr("Co-add before"),
            "coadd_after": self.tr("Co-add after"),
            "a_minus_b": self.tr("A − B (matched)"),
        }
        self.chooser = QComboBox()
        for name in THIRD_VIEWS:
            self.chooser.addItem(self._labels[name], name)
        self.chooser.setAccessibleName(self.tr("Third view"))
        self.chooser.setToolTip(self.tr("Choose what this panel shows (keys 1 to 9 and 0)"))
        font = self.chooser.font()
        font.setBold(True)
        self.chooser.setFont(font)
        self.title.hide()
        self._label = label = QLabel(self.tr("View:"))
        label.setBuddy(self.chooser)
        self.chooser.setMinimumContentsLength(8)
        self.chooser.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.header.insertWidget(0, label)
        self.chooser.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.chooser.setMaximumSize(240, self.chooser.fontMetrics().height() + 8)
        self.header.insertWidget(1, self.chooser, 1)
        self.header.addStretch(0)
        self.chooser.activated.connect(lambda i: self.chosen.emit(self.chooser.itemData(i)))
        self.setAccessibleName(self.tr("Third view"))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Leave the word before the list out where the list needs its room."""
        super().resizeEvent(event)
        self._label.setVisible(self.width() > 240)

    def label_of(self, name: str) -> str:
        """What a view is called."""
        return self._labels[name]

    def set_view(self, name: str) -> None:
        """Name in the list what is shown."""
        self.chooser.setCurrentIndex(self.chooser.findData(name))

    def clear(self) -> None:
        """Show nothing."""
        super().clear()
        self.note.setToolTip("")

    def describe(self, picture: Picture, instead: bool = False) -> None:
        """Say what the signs mean and what one picture pixel is.

        `instead`: there is no match, so the picture may not be what the list asks for.
        """
        parts, tips = [], []
        other = ""
        if instead and picture.kind != self.chooser.currentData():
            other = self.tr("no match: this is {}").format(self._labels[picture.kind].lower())
        if picture.kind == "reference_minus_matched":
            parts.append(self.tr("red: matched too faint"))
            tips.append(
                self.tr(
                    "Red: the reference is brighter, so the matched exposure is too faint there.\n"
                    "Blue: the matched exposure is too bright. The signs and colours are those "
                    "of the residuals of the bins."
                )
            )
        elif picture.kind == "difference":
            parts.append(self.tr("bright: reference brighter"))
            tips.append(self.tr("High values: the reference is brighter than the science."))
        if picture.step > 1 and picture.colours != "planes":
            parts.append(self.tr("mean of {0} × {0} px").format(picture.step))
            tips.append(
                self.tr("Each picture pixel is the mean of {0} × {0} pixels.").format(picture.step)
            )
        if picture.kind in ("reference_minus_matched", "difference"):
            parts.append(self.tr("good px"))
            tips.append(self.tr("Only good pixels count: none of badMaskPlanes is set there."))
        shorter = [", ".join(parts[:n]) for n in range(len(parts) - 1, 0, -1)]
        self.note.set_texts(other or ", ".join(parts), *([] if other else shorter))
        self.note.setToolTip("\n".join(tips))
