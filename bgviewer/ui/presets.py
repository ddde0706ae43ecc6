"""The button that holds presets: known ones, own ones, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from bgviewer.engine.config import OPTIONS, MatchConfig, Option
from bgviewer.errors import ConfigError, WriteError
from bgviewer.session.session import Session
from bgviewer.tasks.presets import (
    BUILTIN,
    Preset,
    delete_preset,
    list_presets,
    preset_folder,
    preset_of,
    preset_path,
    save_preset,
)
from bgviewer.ui.format import plain
from bgviewer.ui.plain_text import plain_label, plain_tip

__all__ = ["PresetBar", "default_text"]


def default_text(option: Option) -> str:
    """Return the default of an option with its unit."""
    return _value_text(option, option.default)


def _value_text(option: Option, value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{plain(value)} {option.unit}".rstrip()


class PresetBar(QWidget):
    """A button with a menu; its text names the preset that the settings agree with."""

    chosen = pyqtSignal(object)
    """Preset to take."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._own: tuple[Preset, ...] = ()
        self.button = QToolButton()
        self.button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setAccessibleName(self.tr("Preset"))
        text = self.tr(
            "Settings for a purpose. Smooth, for example, takes a quadratic surface, which suits "
            "moonlight. The weights of the ranking stay as they are; Undo brings back what was."
        )
        self.button.setWhatsThis(text)
        self.button.setToolTip(f"<p>{text}</p>")
        self.menu = QMenu(self.button)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(self.refill)
        self.button.setMenu(self.menu)
        self.remove = QMenu(self.tr("&Delete…"), self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 2)
        row.addWidget(self.button)
        session.config_changed.connect(self._show_name)
        self.refill()
        self._show_name()

    # ------------------------------------------------------------ showing

    def refill(self) -> None:
        """Fill the menu; own presets may have come or gone."""
        self._own, skipped = list_presets(preset_folder())
        self.menu.clear()
        self.remove.clear()
        self._add(BUILTIN)
        self.menu.addSection(self.tr("Own presets"))
        if not self._own:
            self._say(self.tr("none yet"), "")
        self._add(self._own)
        for preset in self._own:
            action = self.remove.addAction(preset.name.replace("&", "&&"))
            assert action is not None
            action.triggered.connect(partial(self._ask_delete, preset.name))
        if skipped:
            self._say(self.tr("{} cannot be read").format(len(skipped)), "\n".join(skipped))
        self.menu.addSeparator()
        save = self.menu.addAction(self.tr("&Save present settings as…"))
        assert save is not None
        save.triggered.connect(lambda: self.ask_name())
        self.menu.addMenu(self.remove)
        self.remove.setEnabled(bool(self._own))

    def _add(self, presets: Iterable[Preset]) -> None:
        config = self._session.state.config
        for preset in presets:
            action = self.menu.addAction(preset.name.replace("&", "&&"))
            assert action is not None
            action.setCheckable(True)
            action.setChecked(preset.fits(config))
            action.setToolTip(plain_tip(f"{preset.text}\n{_listed(preset)}".strip()))
            action.triggered.connect(partial(self._choose, preset))

    def _say(self, text: str, tip: str) -> None:
        action = self.menu.addAction(text)
        assert action is not None
        action.setEnabled(False)
        action.setToolTip(plain_tip(tip))

    def _show_name(self) -> None:
        config = self._session.state.config
        presets = (*BUILTIN, *self._own)
        name = next((p.name for p in presets if p.fits(config)), self.tr("custom"))
        text = self.tr("Preset: {}").format(name.replace("&", "&&"))
        if text != self.button.text():
            self.button.setText(text)

    def _choose(self, preset: Preset, checked: bool = False) -> None:
        self.chosen.emit(preset)

    # ------------------------------------------------------------ own ones

    def ask_name(self) -> None:
        """Ask what the present settings are to be called."""
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Save preset"))
        dialog.setLabelText(self.tr("Name of the preset (all settings but the weights):"))
        dialog.textValueSelected.connect(self.save)
        dialog.open()

    def save(self, name: str) -> None:
        """Save the present settings; ask before an own preset is replaced."""
        if any(p.name.casefold() == name.strip().casefold() for p in BUILTIN):
            self._warn(self.tr("{} is a preset of bgviewer; choose another name").format(name))
            return
        try:
            exists = preset_path(preset_folder(), name).exists()
        except ConfigError as error:
            self._warn(str(error))
            return
        if exists:
            question = self.tr("There is a preset {} already. Replace it?").format(name)
            self._ask(question, self.tr("Replace"), partial(self._write, name, True))
        else:
            self._write(name, False)

    def _write(self, name: str, overwrite: bool) -> None:
        preset = preset_of(name, self._session.state.config)
        try:
            save_preset(preset_folder(), preset, overwrite=overwrite)
        except WriteError as error:
            self._warn(str(error))
        self.refill()
        self._show_name()

    def _ask_delete(self, name: str, checked: bool = False) -> None:
        question = self.tr("Delete the preset {}?").format(name)
        self._ask(question, self.tr("Delete"), partial(self._delete, name))

    def _delete(self, name: str) -> None:
        try:
            delete_preset(preset_folder(), name)
        except WriteError as error:
            self._warn(str(error))
        self.refill()
        self._show_name()

    def _ask(self, question: str, yes: str, go: partial[None]) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, self.tr("Presets"), question, parent=self)
        plain_label(box)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        button = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        assert button is not None
        button.clicked.connect(lambda: go())
        box.open()

    def _warn(self, text: str) -> None:
        self._session.notice("warning", text)


def _listed(preset: Preset) -> str:
    """What of the preset differs from the defaults."""
    default, found = MatchConfig(), []
    for name, value in preset.changes.items():
        if value != getattr(default, name):
            found.append(f"{OPTIONS[name].lsst_name} {_value_text(OPTIONS[name], value)}")
    return "; ".join(found)
