"""Choosing how a file is read: image, mask, uncertainty, zero point."""

from __future__ import annotations

import math
from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from bgviewer.io.conventions import Choice
from bgviewer.io.reading_options import READING_OPTIONS
from bgviewer.tasks.file_contents import FileContents

__all__ = ["ChoiceForm"]

_LEAST_LETTERS = 16


class ChoiceForm(QWidget):
    """One field for each thing that can be said; the first entry of each leaves it as it is."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image_box, self.mask_box, self.meaning_box = QComboBox(), QComboBox(), QComboBox()
        self.noise_box, self.kind_box = QComboBox(), QComboBox()
        self.zero_point = QLineEdit()
        self.zero_point.setClearButtonEnabled(True)
        self._place()
        self._explain()
        for box in self._boxes():
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.zero_point.textChanged.connect(lambda _: self.changed.emit())

    def _boxes(self) -> tuple[QComboBox, ...]:
        return (self.image_box, self.mask_box, self.meaning_box, self.noise_box, self.kind_box)

    def _place(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        rows: tuple[tuple[str, QWidget, QWidget | None], ...] = (
            (self.tr("&Image"), self.image_box, None),
            (self.tr("&Mask"), self.mask_box, self.meaning_box),
            (self.tr("&Uncertainty"), self.noise_box, self.kind_box),
            (self.tr("&Zero point"), self.zero_point, QLabel(self.tr("AB mag of one pixel unit"))),
        )
        for row, (text, first, second) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(first)
            grid.addWidget(label, row, 0)
            grid.addWidget(first, row, 1, 1, 2 if second is None else 1)
            if second is not None:
                grid.addWidget(second, row, 2)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 2)
        for box in self._boxes():
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setMinimumContentsLength(_LEAST_LETTERS)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )

    def _explain(self) -> None:
        examples = {
            "hdu": self.tr("Example: of a file with nine CCDs, HDU 3 takes the third."),
            "mask": self.tr("Example: a file bpm.fits in the same folder serves all exposures."),
            "mask_meaning": self.tr("Example: 'codes' where 3 means saturated, not bits 0 and 1."),
            "noise": self.tr("Example: a _rms file that the program did not find by its name."),
            "noise_kind": self.tr(
                "Example: WHT of a drizzled image is an inverse variance or an exposure time; "
                "choose after comparing the two noise figures below."
            ),
            "zero_point": self.tr("Example: 27.0 for a coadd whose header lacks it."),
        }
        fields: tuple[QWidget, ...] = (*self._boxes(), self.zero_point)
        for field, (name, example) in zip(fields, examples.items(), strict=True):
            option = READING_OPTIONS[name]
            text = f"{option.help[:1].upper()}{option.help[1:]}."
            field.setAccessibleName(option.title)
            field.setToolTip(f"<p>{text}</p><p>{example}</p>")
            field.setWhatsThis(f"<p>{text}</p><p><i>{example}</i></p>")

    # ------------------------------------------------------------ filling

    def fill(self, contents: FileContents) -> None:
        """Offer what the file has, with what holds for it now selected."""
        told = contents.recognised
        self.blockSignals(True)
        images = [(option.text, (option.hdu, option.layer)) for option in contents.images]
        first = self.tr("As recognised: {}").format(told["image"]) if told else self.tr("Choose…")
        _offer(self.image_box, first, images, (None, None))
        places = [(option.text, option.value) for option in contents.places]
        none = [(self.tr("None"), "none")]
        _offer(self.mask_box, self._recognised(told.get("mask", "")), none + places, None)
        _offer(self.noise_box, self._recognised(told.get("noise", "")), none + places, None)
        _offer(self.meaning_box, self.tr("Meaning as recognised"), self._meanings(), None)
        _offer(self.kind_box, self.tr("Kind as recognised"), self._kinds(), None)
        self.zero_point.setPlaceholderText(self._recognised(told.get("zero_point", "")))
        self.set_choice(contents.choice)
        self.blockSignals(False)
        self.changed.emit()

    def _recognised(self, text: str) -> str:
        return self.tr("As recognised: {}").format(text or self.tr("none"))

    def _meanings(self) -> list[tuple[str, Any]]:
        return [
            (self.tr("bits, one plane each"), "bits"),
            (self.tr("codes, one number a pixel"), "codes"),
            (self.tr("bad where not 0"), "nonzero"),
            (self.tr("bad where not above 0"), "positive"),
        ]

    def _kinds(self) -> list[tuple[str, Any]]:
        return [
            (self.tr("variance"), "variance"),
            (self.tr("sigma (standard deviation)"), "sigma"),
            (self.tr("inverse variance"), "inverse variance"),
            (self.tr("weight, as a mask only"), "weight"),
        ]

    def set_choice(self, choice: Choice) -> None:
        """Select what is chosen; a place that is not offered is added."""
        _select(self.image_box, (choice.hdu, choice.layer))
        mask = "none" if choice.mask_meaning == "none" else choice.mask
        noise = "none" if choice.noise_kind == "none" else choice.noise
        _select(self.mask_box, mask)
        _select(self.noise_box, noise)
        _select(self.meaning_box, None if mask == "none" else choice.mask_meaning)
        _select(self.kind_box, None if noise == "none" else choice.noise_kind)
        self.zero_point.setText("" if choice.zero_point is None else f"{choice.zero_point:.10g}")

    # ------------------------------------------------------------ reading

    @property
    def problem(self) -> str:
        """Why the fields say nothing that can be used; empty where they do."""
        text = self.zero_point.text().strip()
        if text and self._magnitude() is None:
            return self.tr("The zero point must be a number such as 27.0.")
        return ""

    def _magnitude(self) -> float | None:
        try:
            value = float(self.zero_point.text().replace("−", "-").replace(",", "."))
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    def choice(self) -> Choice:
        """What the fields say."""
        hdu, layer = self.image_box.currentData() or (None, None)
        mask, noise = self.mask_box.currentData(), self.noise_box.currentData()
        return Choice(
            hdu=hdu,
            layer=layer,
            mask=mask,
            mask_meaning=None if mask == "none" else self.meaning_box.currentData(),
            noise=noise,
            noise_kind=None if noise == "none" else self.kind_box.currentData(),
            zero_point=self._magnitude(),
        )


def _offer(box: QComboBox, first: str, items: list[tuple[str, Any]], nothing: Any) -> None:
    box.clear()
    box.addItem(first, nothing)
    for text, value in items:
        box.addItem(text, value)


def _select(box: QComboBox, value: Any) -> None:
    """Select by value; one that is not offered is added at the end."""
    for row in range(box.count()):
        if box.itemData(row) == value:
            box.setCurrentIndex(row)
            return
    words = [str(part) for part in value if part is not None] if isinstance(value, tuple) else []
    box.addItem(f"HDU {', '.join(words)}" if words else str(value), value)
    box.setCurrentIndex(box.count() - 1)
