"""Editors for one option each, made from its declaration."""

from __future__ import annotations

import math
from typing import Any

from PyQt6.QtCore import QEvent, QObject, Qt, pyqtSignal
from PyQt6.QtGui import QValidator
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from bgviewer.engine.config import Option

__all__ = ["Field", "SlidingField", "WheelGuard", "make_field"]

_SLIDER_STEPS = 1000
_EDITOR_HEIGHT = 10  # beyond the height of the letters, so that no descender is cut
_DECIMALS = 4  # of numbers that are stepped through


class WheelGuard(QObject):
    """Lets the wheel scroll the form while an editor under it does not have the focus."""

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Refuse the wheel over an editor without focus."""
        if (
            event is not None
            and event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return False


class Field(QWidget):
    """An editor; `edited` speaks only when a person changes the value."""

    edited = pyqtSignal(object)

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.option = option
        self._loading = False
        self._wheel_guard = WheelGuard(self)
        self.row = self._layout()
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)

    def _layout(self) -> QBoxLayout:
        return QHBoxLayout(self)

    @property
    def main(self) -> QWidget:
        """The widget that has the focus and the name."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value without saying that it was edited."""
        self._loading = True
        try:
            self._put(value)
        finally:
            self._loading = False

    def _put(self, value: Any) -> None:
        raise NotImplementedError

    def _say(self, value: Any) -> None:
        if not self._loading:
            self.edited.emit(value)

    def _add(self, widget: QWidget, stretch: int = 0) -> None:
        widget.setAccessibleName(self.option.lsst_name)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        widget.installEventFilter(self._wheel_guard)
        if isinstance(widget, (QAbstractSpinBox, QComboBox)):
            widget.setMinimumHeight(widget.fontMetrics().height() + _EDITOR_HEIGHT)
        self.row.addWidget(widget, stretch)


class BoolField(Field):
    """A check box that carries the option's name itself."""

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(option, parent)
        self.box = QCheckBox(option.lsst_name)
        self.box.toggled.connect(self._say)
        self._add(self.box, 1)

    @property
    def main(self) -> QWidget:
        """The check box."""
        return self.box

    def _put(self, value: Any) -> None:
        self.box.setChecked(bool(value))


class ChoiceField(Field):
    """A list of the allowed words."""

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(option, parent)
        self.list = QComboBox()
        self.list.addItems(list(option.choices))
        self.list.setMinimumContentsLength(10)
        self.list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.list.currentTextChanged.connect(self._say)
        self._add(self.list, 1)

    @property
    def main(self) -> QWidget:
        """The list."""
        return self.list

    def _put(self, value: Any) -> None:
        self.list.setCurrentText(str(value))


class IntField(Field):
    """A spin box for whole numbers."""

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(option, parent)
        self.spin = _spin(option)
        self.spin.valueChanged.connect(self._say)
        self._add(self.spin, 1)

    @property
    def main(self) -> QWidget:
        """The spin box."""
        return self.spin

    def _put(self, value: Any) -> None:
        self.spin.setValue(int(value))


class SlidingField(Field):
    """A slider over the useful range below a spin box over all that is allowed."""

    def __init__(
        self, option: Option, low: int, high: int, logarithmic: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(option, parent)
        self._logarithmic = logarithmic
        self._low, self._high = low, high
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.spin = _spin(option)
        self.row.setSpacing(1)
        self._add(self.spin)
        self._add(self.slider)
        self._set_slider_range()
        self.slider.valueChanged.connect(self._on_slider)
        self.spin.valueChanged.connect(self._on_spin)

    def _layout(self) -> QBoxLayout:
        return QVBoxLayout(self)

    @property
    def main(self) -> QWidget:
        """The spin box."""
        return self.spin

    def set_reach(self, high: int) -> None:
        """Let the slider end at `high`."""
        if high != self._high and high > self._low:
            self._high = high
            value = self.spin.value()
            self._loading = True
            self._set_slider_range()
            self._loading = False
            self.set_value(value)

    def _set_slider_range(self) -> None:
        if self._logarithmic:
            self.slider.setRange(0, _SLIDER_STEPS)
            self.slider.setSingleStep(10)
            self.slider.setPageStep(50)
        else:
            self.slider.setRange(self._low, self._high)
            self.slider.setPageStep(1)

    def _put(self, value: Any) -> None:
        self.spin.setValue(int(value))
        self.slider.setValue(self._position(int(value)))

    def _position(self, value: int) -> int:
        if not self._logarithmic:
            return value
        share = math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        return round(min(share, 1.0) * _SLIDER_STEPS)

    def _value(self, position: int) -> int:
        if not self._logarithmic:
            return position
        return round(self._low * (self._high / self._low) ** (position / _SLIDER_STEPS))

    def _on_slider(self, position: int) -> None:
        if not self._loading:
            value = self._value(position)
            self._loading = True
            self.spin.setValue(value)
            self._loading = False
            self._say(value)

    def _on_spin(self, value: int) -> None:
        if not self._loading:
            self._loading = True
            self.slider.setValue(self._position(value))
            self._loading = False
            self._say(value)


class _ScientificSpin(QDoubleSpinBox):
    """A spin box that reads and writes 1e-08."""

    def textFromValue(self, value: float) -> str:
        """Shortest text of the number."""
        return f"{value:g}"

    def valueFromText(self, text: str | None) -> float:
        """The number; validated before."""
        return float(text or 0)

    def validate(self, text: str | None, position: int) -> tuple[QValidator.State, str, int]:
        """Accept what Python reads as a number in the range."""
        text = text or ""
        try:
            value = float(text)
        except ValueError:
            partial = all(c in "0123456789.eE+-" for c in text)
            state = QValidator.State.Intermediate if partial else QValidator.State.Invalid
            return state, text, position
        good = math.isfinite(value) and self.minimum() <= value <= self.maximum()
        return (
            QValidator.State.Acceptable if good else QValidator.State.Intermediate,
            text,
            position,
        )

    def stepBy(self, steps: int) -> None:
        """One step is a factor of ten."""
        self.setValue((self.value() or 1e-12) * 10.0**steps)


class _Steps(QDoubleSpinBox):
    """A spin box for a number that is stepped through; no zeros behind it."""

    def textFromValue(self, value: float) -> str:
        """Shortest text of the number."""
        return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")


class FloatField(Field):
    """A spin box for a number of any size."""

    def __init__(self, option: Option, parent: QWidget | None = None) -> None:
        super().__init__(option, parent)
        self.spin = _ScientificSpin() if option.step is None else _Steps()
        self.spin.setDecimals(323 if option.step is None else _DECIMALS)
        self.spin.setSingleStep(option.step or 1.0)
        if option.step is not None:
            self.spin.setAlignment(Qt.AlignmentFlag.AlignRight)
        low = option.minimum if option.minimum is not None else -1e300
        high = option.maximum if option.maximum is not None else 1e300
        self.spin.setRange(low, high)
        self.spin.setKeyboardTracking(False)
        self.spin.valueChanged.connect(self._say)
        self._add(self.spin, 1)

    @property
    def main(self) -> QWidget:
        """The spin box."""
        return self.spin

    def _put(self, value: Any) -> None:
        self.spin.setValue(float(value))


def _spin(option: Option) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(int(option.minimum or 0), int(option.maximum or 10**6))
    spin.setKeyboardTracking(False)
    spin.setAlignment(Qt.AlignmentFlag.AlignRight)
    spin.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    if option.unit:
        spin.setSuffix(f" {option.unit}")
    return spin


def make_field(option: Option) -> Field:
    """Make the editor that suits an option."""
    if option.name == "bin_size":
        return SlidingField(option, 8, 2048, logarithmic=True)
    if option.name == "order":
        return SlidingField(option, 0, 16, logarithmic=False)
    from bgviewer.ui.planes_field import PlanesField  # which builds on what stands here

    kinds: dict[str, type[Field]] = {
        "bool": BoolField,
        "choice": ChoiceField,
        "int": IntField,
        "float": FloatField,
        "planes": PlanesField,
    }
    return kinds[option.kind](option)
