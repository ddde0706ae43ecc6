"""The one place where errors and remarks appear; it never stops the work."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from bgviewer.session.state import Notice
from bgviewer.ui.theme import colours_of

__all__ = ["NoticeBar"]

_SIGNS = {"info": "ℹ", "warning": "⚠", "error": "✕"}


class NoticeBar(QFrame):
    """Shows the newest notice until it is dismissed."""

    action_asked = pyqtSignal(str)
    """Name of the action whose button was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._notice: Notice | None = None
        self.sign = QLabel()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.more = QToolButton()
        self.more.setText(self.tr("Details"))
        self.more.setCheckable(True)
        self.more.setAutoRaise(True)
        self.more.toggled.connect(self._show_text)
        self.mend = QToolButton()
        self.mend.setAccessibleName(self.tr("Retry failed"))
        self.mend.setText(self.tr("Retry failed"))
        self.mend.clicked.connect(self._ask)
        self.dismiss = QToolButton()
        self.dismiss.setText("✕")
        self.dismiss.setAutoRaise(True)
        self.dismiss.setAccessibleName(self.tr("Dismiss the notice"))
        self.dismiss.setToolTip(self.tr("Dismiss"))
        self.dismiss.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(self.sign)
        row.addWidget(self.text, 1)
        row.addWidget(self.mend)
        row.addWidget(self.more)
        row.addWidget(self.dismiss)
        self._leaving = QTimer(self)
        self._leaving.setSingleShot(True)
        self._leaving.setInterval(0)
        self._leaving.timeout.connect(self.clear)
        self.setAccessibleName(self.tr("Notice"))
        self.hide()

    @property
    def notice(self) -> Notice | None:
        """What is shown."""
        return self._notice

    def show_notice(self, notice: Notice) -> None:
        """Show a notice in place of the last."""
        self._leaving.stop()
        self._notice = notice
        self.sign.setText(_SIGNS[notice.level])
        self.more.setVisible(bool(notice.details))
        self.mend.setVisible(bool(notice.action))
        self._name_button(notice.action)
        self.more.setChecked(False)
        self._show_text()
        self.follow_palette()
        self.show()

    def _name_button(self, action: str) -> None:
        """Call the button what its action does."""
        names = {
            "choose_image": self.tr("Choose…"),
            "take_settings": self.tr("Take those settings"),
            "align": self.tr("Align"),
        }
        text = names.get(action, self.tr("Retry failed"))
        self.mend.setText(text)
        self.mend.setAccessibleName(text)

    def _ask(self) -> None:
        if self._notice is not None:
            self.action_asked.emit(self._notice.action)

    def outdate(self) -> None:
        """Show nothing, unless there is something new to say at once: nothing need move then."""
        self._leaving.start()

    def clear(self) -> None:
        """Show nothing."""
        self._leaving.stop()
        self._notice = None
        self.hide()

    def clear_news(self) -> None:
        """Take away what was good to know before the settings changed; warnings stay."""
        if self._notice is not None and self._notice.level == "info" and not self._notice.action:
            self.clear()

    def _show_text(self, *_: object) -> None:
        if self._notice is not None:
            details = "\n" + self._notice.details if self.more.isChecked() else ""
            self.text.setText(self._notice.text + details)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = colours_of(self.palette())
        level = self._notice.level if self._notice else "info"
        edge = {"info": colours.axis, "warning": colours.warning, "error": colours.bad}[level]
        self.setStyleSheet(
            f"#notice {{ background: {colours.card}; border: 0;"
            f" border-bottom: 1px solid {colours.line}; border-left: 4px solid {edge}; }}"
        )
        self.sign.setStyleSheet(f"color: {edge}; font-weight: 700;")
