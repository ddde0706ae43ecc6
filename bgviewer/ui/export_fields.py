"""Fields of the export dialog for options that are declared: switches, choices, lists."""

from __future__ import annotations

from typing import Any

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QWidget

from bgviewer.tasks.export_options import EXPORT_OPTIONS, ExportOption, export_fields

__all__ = ["ExportFields"]


class ExportFields(QWidget):
    """What is written beside the matched exposures, and how.

    Attributes
    ----------
    switches, choices : dict
        Option's name to its check box or its list of choices.
    formats : dict
        Format of the report to its check box.
    """

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.switches: dict[str, QCheckBox] = {}
        self.choices: dict[str, QComboBox] = {}
        self.formats: dict[str, QCheckBox] = {}
        for option in EXPORT_OPTIONS.values():
            self._make(option)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.switches["coefficients"], 0, 0, 1, 2)
        grid.addWidget(self.switches["background_list"], 1, 0)
        grid.addWidget(self.choices["list_sign"], 1, 1)
        self._labelled(grid, 2, "compress", self.choices["compress"])
        row = QWidget()
        boxes = QHBoxLayout(row)
        boxes.setContentsMargins(0, 0, 0, 0)
        for box in self.formats.values():
            boxes.addWidget(box)
        boxes.addStretch(1)
        self._labelled(grid, 3, "report_formats", row)
        grid.addWidget(self.switches["metrics"], 4, 0, 1, 2)
        self.switches["background_list"].toggled.connect(self.choices["list_sign"].setEnabled)
        self.choices["list_sign"].setEnabled(False)

    def _labelled(self, grid: QGridLayout, row: int, name: str, field: QWidget) -> None:
        label = QLabel(EXPORT_OPTIONS[name].title)
        label.setBuddy(field)
        grid.addWidget(label, row, 0)
        grid.addWidget(field, row, 1)

    def _make(self, option: ExportOption) -> None:
        if option.kind == "switch":
            switch = self.switches[option.name] = QCheckBox(option.title)
            switch.setChecked(option.default)
            switch.toggled.connect(lambda _: self.changed.emit())
            _explain(switch, option)
        elif option.kind == "choice":
            box = self.choices[option.name] = QComboBox()
            for value, title in (option.allowed or {}).items():
                box.addItem(title, value)
            box.setCurrentIndex(box.findData(option.default))
            box.setAccessibleName(option.title)
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
            _explain(box, option)
        else:
            for value, title in (option.allowed or {}).items():
                switch = self.formats[value] = QCheckBox(title)
                switch.setChecked(value in option.default)
                switch.setAccessibleName(f"{option.title} {title}")
                switch.toggled.connect(lambda _: self.changed.emit())
                _explain(switch, option)

    @property
    def problem(self) -> str:
        """Why the fields are no request; empty where they are."""
        chosen = any(box.isChecked() for box in self.formats.values())
        return "" if chosen else self.tr("Choose at least one format for the report.")

    def allow_coefficients(self, models: bool) -> None:
        """Coefficients stand in the models' files, and nowhere without these."""
        self.switches["coefficients"].setEnabled(models)

    def options(self) -> dict[str, Any]:
        """What is chosen, as fields of an `ExportRequest`."""
        told: dict[str, Any] = {name: box.isChecked() for name, box in self.switches.items()}
        told |= {name: box.currentData() for name, box in self.choices.items()}
        formats = [name for name, box in self.formats.items() if box.isChecked()]
        return export_fields(**told, report_formats=formats)


def _explain(field: QWidget, option: ExportOption) -> None:
    text = f"{option.help[:1].upper()}{option.help[1:]}."
    if option.kind == "switch" and option.default:  # the flag takes it away, the box gives it
        text = f"{option.title}."
    field.setToolTip(f"<p>{text}</p>")
    field.setWhatsThis(f"<p>{text}</p><p><i>{option.example}</i></p>")
