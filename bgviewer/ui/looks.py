"""How a panel spreads values over colours: stretch, limits and colour map, and their menus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QPoint, QSettings, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMenu, QWidget

from bgviewer.tasks.limits import LIMITS
from bgviewer.tasks.stretch import STRETCHES
from bgviewer.ui.limits_dialog import LimitsDialog
from bgviewer.ui.theme import COLOUR_MAPS

if TYPE_CHECKING:
    from bgviewer.ui.image_panel import ImagePanel
    from bgviewer.ui.panels import Panels

__all__ = ["Look", "Looks", "add_look_menus", "chosen_maps"]


@dataclass(frozen=True)
class Look:
    """How the values of one kind of view are coloured.

    Attributes
    ----------
    stretch : str
        One of `STRETCHES`.
    limits : str
        One of `LIMITS`.
    manual : (float, float) or None
        The ends that were set by hand.
    """

    stretch: str = "linear"
    limits: str = "automatic"
    manual: tuple[float, float] | None = None


class Looks(QObject):
    """The looks of a panel, one for each kind of view, and the menus that change them."""

    changed = pyqtSignal()
    limits_changed = pyqtSignal()

    def __init__(self, panel: ImagePanel, title: str) -> None:
        super().__init__(panel)
        self._panel = panel
        self._by_kind: dict[str, Look] = {}
        self.kind = ""
        self.maps = chosen_maps()
        stretches = {
            "linear": self.tr("&Linear"),
            "sqrt": self.tr("&Square root"),
            "asinh": self.tr("&asinh"),
            "log": self.tr("L&ogarithm"),
        }
        limits = {
            "automatic": self.tr("&Automatic (robust)"),
            "minmax": self.tr("&Minimum and maximum"),
            "percentile": self.tr("&Percentiles 0.5 and 99.5"),
            "zscale": self.tr("&zscale"),
            "manual": self.tr("By &hand…"),
        }
        self.stretch_menu, self.limits_menu = QMenu(title, panel), QMenu(title, panel)
        self.stretches = self._fill(self.stretch_menu, stretches, self.set_stretch)
        self.limits = self._fill(self.limits_menu, limits, self.choose_limits)
        self._context = QMenu(panel)
        self._context.setAccessibleName(self.tr("Stretch and limits"))
        self._context.addSection(self.tr("Stretch"))
        self._context.addActions([self.stretches[name] for name in STRETCHES])
        self._context.addSection(self.tr("Limits"))
        self._context.addActions([self.limits[name] for name in LIMITS])
        self.follow(None)

    def _fill(
        self, menu: QMenu, texts: dict[str, str], slot: Callable[[str], object]
    ) -> dict[str, QAction]:
        group = QActionGroup(self)
        found = {}
        for name, text in texts.items():
            action = QAction(text, self)
            action.setCheckable(True)
            action.triggered.connect(partial(slot, name))
            group.addAction(action)
            menu.addAction(action)
            found[name] = action
        return found

    @property
    def look(self) -> Look:
        """The look of the view that is shown."""
        return self._by_kind.get(self.kind, Look())

    def follow(self, kind: str | None, diverging: bool = False, scaled: bool = True) -> None:
        """Take the view that is shown: its look is checked, what has no meaning is greyed out."""
        self.kind = kind or ""
        for action in (*self.stretches.values(), *self.limits.values()):
            action.setEnabled(kind is not None and scaled)
        # A logarithm has no zero in the middle.
        self.stretches["log"].setEnabled(kind is not None and scaled and not diverging)
        self._check()

    def _check(self) -> None:
        self.stretches[self.look.stretch].setChecked(True)
        self.limits[self.look.limits].setChecked(True)

    def set_stretch(self, stretch: str, *_: object) -> None:
        """Spread the values of this kind of view by one of `STRETCHES`."""
        self._by_kind[self.kind] = replace(self.look, stretch=stretch)
        self._check()
        self.changed.emit()

    def set_manual(self, low: float, high: float) -> None:
        """Keep ends that were set by hand."""
        self._by_kind[self.kind] = replace(self.look, limits="manual", manual=(low, high))
        self._check()

    def set_limits(self, rule: str) -> None:
        """Take the ends by a rule of `LIMITS` other than by hand."""
        self._by_kind[self.kind] = replace(self.look, limits=rule, manual=None)
        self._check()

    def choose_limits(self, rule: str, *_: object) -> None:
        """Take the ends by a rule, or ask for them."""
        if rule != "manual":
            self.set_limits(rule)
            self.limits_changed.emit()
            return
        self._check()  # until the ends are given the former rule holds
        dialog = LimitsDialog(self._panel.levels, self._panel)
        dialog.given.connect(self._panel.bar.levels_dragged)
        dialog.open()

    def open_menu(self, at: QPoint) -> None:
        """Open the menu of the colour scale."""
        self._context.popup(at)


def chosen_maps() -> dict[str, str]:
    """Return the colour maps that were chosen last, for each sort of scale."""
    settings, found = QSettings(), {}
    for scale, names in COLOUR_MAPS.items():
        name = str(settings.value(f"looks/map_{scale}", names[0]))
        found[scale] = name if name in names else names[0]
    return found


def add_look_menus(menu: QMenu, panels: Panels, parent: QWidget) -> None:
    """Put Stretch, Limits and Colour map into the View menu."""
    tr = parent.tr
    for title, name in ((tr("S&tretch"), "stretch_menu"), (tr("Li&mits"), "limits_menu")):
        sub = menu.addMenu(title)
        assert sub is not None
        for panel in panels.all:
            sub.addMenu(getattr(panel.looks, name))
    maps = menu.addMenu(tr("Colour ma&p"))
    assert maps is not None
    titles = {
        "sequential": tr("Model, difference, variance"),
        "diverging": tr("About zero: residuals, reference − matched"),
        "sky": tr("Exposures"),
    }
    chosen = chosen_maps()
    for scale, names in COLOUR_MAPS.items():
        maps.addSection(titles[scale])
        group = QActionGroup(parent)
        for name in names:
            action = QAction(_map_text(name), parent)
            action.setObjectName(f"map_{scale}_{name}")
            action.setCheckable(True)
            action.setChecked(chosen[scale] == name)
            action.triggered.connect(partial(_choose_map, panels, scale, name))
            group.addAction(action)
            maps.addAction(action)


def _map_text(name: str) -> str:
    texts = {
        "CET-CBL1": "CET-CBL1 (blue to yellow)",
        "CET-CBL2": "CET-CBL2 (blue to yellow, brighter)",
        "CET-D1A": "CET-D1A (blue, white, red)",
        "CET-D4": "CET-D4 (blue, black, red)",
        "CET-D9": "CET-D9 (blue, white, red, pale)",
        "CET-L1": "CET-L1 (grey)",
    }
    return texts.get(name, name)


def _choose_map(panels: Panels, scale: str, name: str, *_: object) -> None:
    QSettings().setValue(f"looks/map_{scale}", name)
    for panel in panels.all:
        panel.looks.maps[scale] = name
        panel.looks.changed.emit()
