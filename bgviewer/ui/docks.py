"""The docks of the window: where they belong, where the person put them, how they come back."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QByteArray, QObject, QSettings, QSize, Qt, QTimer
from PyQt6.QtGui import QAction, QScreen
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QWidget

__all__ = ["Docks", "first_size"]

_VERSION = 2
_FRAME = QSize(16, 40)
"""Room for the frame and title bar that the window manager adds."""
_SHARE = 0.28  # of the window's height that a dock at the bottom opens with
Area = Qt.DockWidgetArea
_LEFT, _RIGHT = Area.LeftDockWidgetArea, Area.RightDockWidgetArea


def first_size(screen: QScreen | None) -> QSize:
    """Return the size of the first window: what suits it, as far as the screen has room."""
    wanted = QSize(1440, 900)
    if screen is None:
        return wanted
    room = screen.availableGeometry().size() - _FRAME
    return wanted.boundedTo(room)


@dataclass(frozen=True)
class _Place:
    dock: QDockWidget
    area: Area
    tabbed_with: QDockWidget | None
    visible: bool


class Docks(QObject):
    """Makes docks and remembers where they belong.

    Parameters
    ----------
    window : QMainWindow
        The docks' window.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._places: dict[str, _Place] = {}
        self._opened: QDockWidget | None = None

    def __getitem__(self, name: str) -> QDockWidget:
        return self._places[name].dock

    def add(
        self,
        title: str,
        name: str,
        widget: QWidget,
        area: Area,
        *,
        least_width: int = 0,
        tabbed_with: str | None = None,
        visible: bool = True,
    ) -> QDockWidget:
        """Put a widget into a dock.

        Parameters
        ----------
        title : str
            What people read.
        name : str
            What the layout is remembered by; never changed, never shown.
        area : Qt.DockWidgetArea
            Where it belongs.
        least_width : int
            Narrower than this the widget could not be read.
        tabbed_with : str, optional
            Name of an earlier dock whose place it shares.
        visible : bool
            Whether it is open in the default layout.
        """
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        if least_width:
            widget.setMinimumWidth(least_width)
        dock.setWidget(widget)
        features = QDockWidget.DockWidgetFeature
        dock.setFeatures(features.DockWidgetMovable | features.DockWidgetClosable)
        beside = self._places[tabbed_with].dock if tabbed_with else None
        self._places[name] = _Place(dock, area, beside, visible)
        self._put(self._places[name])
        return dock

    def _put(self, place: _Place) -> None:
        place.dock.setFloating(False)
        self._window.addDockWidget(place.area, place.dock)
        if place.tabbed_with is not None:
            self._window.tabifyDockWidget(place.tabbed_with, place.dock)
            place.tabbed_with.raise_()
        place.dock.setVisible(place.visible)

    def all(self) -> list[QDockWidget]:
        """Return the docks in the order they were made."""
        return [place.dock for place in self._places.values()]

    def actions(self) -> list[QAction]:
        """Return an action for each dock that shows and hides it."""
        found = [place.dock.toggleViewAction() for place in self._places.values()]
        return [action for action in found if action is not None]

    def reset(self) -> None:
        """Put all docks back where they belong."""
        for place in self._places.values():
            self._put(place)
        self._share_out_soon()

    def bring(self, dock: QDockWidget) -> None:
        """Open a dock at the bottom, high enough to be read; what is higher already stays."""
        opened = dock.isHidden()
        dock.show()
        dock.raise_()
        if opened:
            self._opened = dock
            self._give_height()
            QTimer.singleShot(0, self._give_height)  # again when the layout has settled

    def _give_height(self) -> None:
        dock, wanted = self._opened, round(_SHARE * self._window.height())
        if dock is not None and dock.height() < wanted:
            self._window.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)

    def _share_out_soon(self) -> None:
        """Now, and again when the layout has settled: docks that were just put give no room."""
        self.share_out()
        QTimer.singleShot(0, self.share_out)

    def share_out(self) -> None:
        """Give the columns of docks the widths that suit the window."""
        width = self._window.width()
        left = min(max(int(width * 0.275), 366), 520)
        right = min(max(int(width * 0.215), 330), 380)
        docks, widths = [], []
        for area, wanted in ((_LEFT, left), (_RIGHT, right)):
            first = next((p.dock for p in self._places.values() if p.area == area), None)
            if first is not None:
                docks.append(first)
                widths.append(wanted)
        self._window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)

    def restore(self) -> None:
        """Take the layout of the last time; one of another version, or none, leaves the default."""
        settings = QSettings()
        geometry, layout = settings.value("window/geometry"), settings.value("window/layout")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        if not isinstance(layout, QByteArray):
            self._share_out_soon()
        elif not self._window.restoreState(layout, _VERSION):
            self.reset()

    def remember(self) -> None:
        """Keep the layout for the next time."""
        settings = QSettings()
        settings.setValue("window/geometry", self._window.saveGeometry())
        settings.setValue("window/layout", self._window.saveState(_VERSION))
