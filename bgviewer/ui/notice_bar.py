"""The bar for errors, warnings and remarks; it never stops the work."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from bgviewer.session.state import LEVELS, Notice
from bgviewer.ui.theme import FollowsPalette, current_colours

__all__ = ["NoticeBar"]

_SIGNS = {"info": "ℹ", "warning": "⚠", "error": "✕"}


class NoticeBar(FollowsPalette, QFrame):
    """Shows the worst notice, below it the newest; the others are one click away.

    Errors and warnings stay until they are dismissed, until a newer notice of their topic replaces
    them or until another stack is loaded.  Of the plain remarks only the newest is kept.
    """

    action_asked = pyqtSignal(str)
    """Name of the action whose button was pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._held: list[Notice] = []
        self._outdated: list[Notice] = []
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
        self.dismiss.clicked.connect(self._dismiss)
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
        self._leaving.timeout.connect(self._drop_outdated)
        self.setAccessibleName(self.tr("Notice"))
        self.hide()
        self.begin_following()

    # ------------------------------------------------------------ what is held

    @property
    def notice(self) -> Notice | None:
        """The worst notice; of several the newest."""
        held = self.held
        return held[0] if held else None

    @property
    def held(self) -> list[Notice]:
        """All notices, the worst first, newer before older."""
        newest_first = self._held[::-1]
        return sorted(newest_first, key=lambda n: LEVELS.index(n.level))

    def show_notice(self, notice: Notice) -> None:
        """Add a notice; it replaces older ones of its topic or with the same text."""
        if self._leaving.isActive():
            self._forget_outdated()
        self._held = [n for n in self._held if not _replaces(notice, n)] + [notice]
        self.more.setChecked(False)
        self._refresh()

    def outdate(self) -> None:
        """Drop what is held, unless something new is said at once, so that nothing moves."""
        self._outdated = list(self._held)
        self._leaving.start()

    def clear(self) -> None:
        """Drop all notices."""
        self._held = []
        self._refresh()

    def clear_topic(self, topic: str) -> None:
        """Drop the notices of a topic."""
        self._held = [n for n in self._held if n.topic != topic]
        self._refresh()

    def clear_news(self) -> None:
        """Drop remarks on the settings before they changed; warnings stay."""
        self._held = [n for n in self._held if n.level != "info" or n.action]
        self._refresh()

    def _forget_outdated(self) -> None:
        self._leaving.stop()
        self._held = [n for n in self._held if all(n is not o for o in self._outdated)]
        self._outdated = []

    def _drop_outdated(self) -> None:
        self._forget_outdated()
        self._refresh()

    def _dismiss(self) -> None:
        """Drop what can be read now; the next one comes up."""
        seen = self._seen() if not self.more.isChecked() else self.held
        self._held = [n for n in self._held if all(n is not s for s in seen)]
        self.more.setChecked(False)
        self._refresh()

    # ------------------------------------------------------------ what is seen

    def _seen(self) -> list[Notice]:
        """The worst notice, and the newest where that is another one."""
        held = self.held
        if not held:
            return []
        newest = self._held[-1]
        return held[:1] if newest is held[0] else [held[0], newest]

    def _refresh(self) -> None:
        seen = self._seen()
        if not seen:
            self.hide()
            return
        self.sign.setText(_SIGNS[seen[0].level])
        others = len(self._held) - len(seen)
        self.more.setVisible(bool(others) or any(n.details for n in seen))
        self.more.setText(self.tr("{} more").format(others) if others else self.tr("Details"))
        action = self._action()
        self.mend.setVisible(bool(action))
        self._name_button(action)
        self._show_text()
        self.follow_palette()
        self.show()

    def _action(self) -> str:
        return next((n.action for n in self._seen() if n.action), "")

    def _name_button(self, action: str) -> None:
        """Call the button what its action does."""
        names = {
            "choose_image": self.tr("Choose…"),
            "take_settings": self.tr("Take those settings"),
            "align": self.tr("Align"),
            "reload": self.tr("Reload"),
            "show_outputs": self.tr("Show them"),
            "stay_open": self.tr("Stay open"),
        }
        text = names.get(action, self.tr("Retry failed"))
        self.mend.setText(text)
        self.mend.setAccessibleName(text)

    def _ask(self) -> None:
        if action := self._action():
            self.action_asked.emit(action)

    def _show_text(self, *_: object) -> None:
        whole = self.more.isChecked()
        lines = []
        for i, notice in enumerate(self.held if whole else self._seen()):
            sign = f"{_SIGNS[notice.level]} " if i else ""
            lines.append(sign + notice.text)
            if whole and notice.details:
                lines.append(notice.details)
        self.text.setText("\n".join(lines))

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        notice = self.notice
        level = notice.level if notice else "info"
        edge = {"info": colours.axis, "warning": colours.warning, "error": colours.bad}[level]
        self.setStyleSheet(
            f"#notice {{ background: {colours.card}; border: 0;"
            f" border-bottom: 1px solid {colours.line}; border-left: 4px solid {edge}; }}"
            f"#notice QLabel {{ color: {colours.text}; }}"
        )
        self.sign.setStyleSheet(f"color: {edge}; font-weight: 700;")


def _replaces(new: Notice, old: Notice) -> bool:
    """Whether a newer notice makes an older one pointless."""
    if new.text == old.text or (new.topic and new.topic == old.topic):
        return True
    return new.level == old.level == "info" and not old.action
