"""What a person sees while the window is made: nothing."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtWidgets import QApplication, QLabel, QWidget

from bgviewer.session.session import Session
from bgviewer.ui.main_window import MainWindow


class Shown(QObject):
    """Notes every window that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def eventFilter(self, watched, event):
        is_widget = event.type() == QEvent.Type.Show and isinstance(watched, QWidget)
        if is_widget and watched.isWindow():
            self.names.append(type(watched).__name__)
        return False


def test_no_part_is_a_window_of_its_own_while_the_window_is_built(qapp):
    shown = Shown()
    QApplication.instance().installEventFilter(shown)
    try:
        lone = QLabel("seen by the filter")
        lone.show()
        lone.close()
        assert shown.names == ["QLabel"]
        session = Session()
        window = MainWindow(session)
        assert shown.names == ["QLabel"], "a part was shown before it had a parent"
    finally:
        QApplication.instance().removeEventFilter(shown)
    window.close()
    window.deleteLater()
    session.close()
