"""Before work is lost: asks about running work and about unsaved changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from PyQt6.QtCore import QObject, QTimer
from PyQt6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from bgviewer.session.running import running_work
from bgviewer.session.state import Notice, Wishes
from bgviewer.ui.plain_text import plain_label

if TYPE_CHECKING:
    from bgviewer.tasks.export import ExportReport
    from bgviewer.ui.main_window import MainWindow

__all__ = ["Answer", "Leaving", "RunningAnswer", "ask_person", "ask_running"]

_TOPIC = "leaving"
_REFRESH = 200  # ms between two looks at how far the work is
Button = QMessageBox.StandardButton
Role = QMessageBox.ButtonRole
Choice = TypeVar("Choice", bound=Enum)


class Answer(Enum):
    """What to do with changes that are not saved."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class RunningAnswer(Enum):
    """What to do with work that is running."""

    FINISH = "finish"
    STOP = "stop"
    CANCEL = "cancel"


def _box(parent: QWidget, title: str, text: str, more: str) -> QMessageBox:
    box = QMessageBox(parent)
    plain_label(box)  # the name of a file
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(title)
    box.setText(text)
    box.setInformativeText(more)
    return box


def _answer(
    box: QMessageBox, answers: Mapping[QAbstractButton | None, Choice], otherwise: Choice
) -> Choice:
    """Show a box that holds up everything else; return what its button stands for."""
    box.exec()
    pressed = box.clickedButton()
    box.deleteLater()
    return answers.get(pressed, otherwise)


def ask_person(parent: QWidget, name: str) -> Answer:
    """Ask whether to save the changes."""
    box = _box(
        parent,
        parent.tr("Unsaved changes"),
        parent.tr("Save the changes to {}?").format(name),
        parent.tr("Otherwise the settings, exclusions and regions since the last save are lost."),
    )
    box.setStandardButtons(Button.Save | Button.Discard | Button.Cancel)
    box.setDefaultButton(Button.Save)
    box.setEscapeButton(Button.Cancel)
    discard = box.button(Button.Discard)
    if discard is not None:
        discard.setText(box.tr("&Don't save"))
    answers = {box.button(Button.Save): Answer.SAVE, discard: Answer.DISCARD}
    return _answer(box, answers, Answer.CANCEL)


def ask_running(
    parent: QWidget, describe: Callable[[], str], can_wait: bool = True
) -> RunningAnswer:
    """Ask what to do with running work; the question is withdrawn (CANCEL) when the work ends.

    Parameters
    ----------
    describe : callable
        Returns what is running and how far it is; an empty text once nothing runs.
    can_wait : bool
        Whether to offer to finish it first.
    """
    box = _box(
        parent,
        parent.tr("Work is running"),
        describe(),
        parent.tr("Stopping discards what is not finished. Files that are complete are kept."),
    )
    answers: dict[QAbstractButton | None, RunningAnswer] = {}
    if can_wait:
        finish = box.addButton(parent.tr("&Finish first"), Role.AcceptRole)
        assert finish is not None
        finish.setToolTip(parent.tr("Close when the work is done"))
        box.setDefaultButton(finish)
        answers[finish] = RunningAnswer.FINISH
    stop_text = parent.tr("&Stop and close") if can_wait else parent.tr("&Stop it")
    answers[box.addButton(stop_text, Role.DestructiveRole)] = RunningAnswer.STOP
    cancel = box.addButton(Button.Cancel)
    box.setEscapeButton(cancel)
    if not can_wait:
        box.setDefaultButton(cancel)

    news = QTimer(box)

    def refresh() -> None:
        text = describe()
        if text:
            box.setText(text)
        else:
            box.reject()

    news.setInterval(_REFRESH)
    news.timeout.connect(refresh)
    news.start()
    try:
        return _answer(box, answers, RunningAnswer.CANCEL)
    finally:
        news.stop()


class Leaving(QObject):
    """Knows what would be lost, and asks.

    Attributes
    ----------
    ask : callable or None
        ``ask(parent, name)`` gives an `Answer`.  None, as for screenshots and other automation,
        asks nothing at all: running work is stopped and changes are dropped.
    ask_running : callable
        ``ask_running(parent, describe, can_wait)`` gives a `RunningAnswer`.

    Notes
    -----
    Who only looked is not asked: without a session's file there must be a step that could be
    undone, and it must not have been exported since, for then it stands in ``config.toml``.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._exported: Wishes | None = None
        self._then: Callable[[], object] | None = None
        self._failed = self._sweeping = False
        self.ask: Callable[[QWidget, str], Answer] | None = None
        self.ask_running: Callable[[QWidget, Callable[[], str], bool], RunningAnswer] = ask_running
        self._look = QTimer(self)  # when everything has been said about what just ended
        self._look.setSingleShot(True)
        self._look.timeout.connect(self._go_on)
        session = window.session
        session.exported.connect(self._on_exported)
        session.notice_raised.connect(self._on_notice)
        session.bug_caught.connect(self.stay)
        for signal in (session.job_changed, session.sweeper.changed):
            signal.connect(self._on_work)

    def follow(self) -> None:
        """Call off what waits for the end of the work when that is stopped by hand."""
        self._window.actions_["stop"].triggered.connect(self.stay)
        self._window.status.stop_asked.connect(self.stay)

    def _on_exported(self, report: ExportReport) -> None:
        self._exported = self._window.session.state.wishes
        if report.n_failed or report.problem:
            self._failed = True

    # ------------------------------------------------------------ running work

    @property
    def waiting(self) -> bool:
        """Whether the window closes, or the stack, as soon as the work is done."""
        return self._then is not None

    def _may_stop_work(self, then: Callable[[], object], done: str) -> bool:
        """Ask about running work; return whether to go on now, `then` is called later instead."""
        if self.ask is None:
            return True
        if not self._describe():
            return True
        self._failed, self._sweeping = False, self._window.session.sweeper.state.running
        answer = self.ask_running(self._window, self._describe, True)
        if answer is RunningAnswer.FINISH:
            self._then = then
            self._window.session.notice("info", done, action="stay_open", topic=_TOPIC)
            self._on_work()
        elif answer is RunningAnswer.STOP:
            self.stay()
        return answer is RunningAnswer.STOP

    def _describe(self, sweep_only: bool = False) -> str:
        return "\n".join(running_work(self._window.session, sweep_only))

    def stay(self, *_: object) -> None:
        """Forget that something is to be closed when the work is done."""
        if self._then is not None:
            self._then = None
            self._window.notices.clear_topic(_TOPIC)

    def _on_notice(self, notice: Notice) -> None:
        self._failed = self._failed or notice.level != "info"

    def _on_work(self) -> None:
        if self._then is not None:
            self._look.start(0)

    def _go_on(self) -> None:
        session = self._window.session
        if self._then is None or running_work(session):
            return
        then = self._then
        self.stay()
        if self._failed or (self._sweeping and session.sweeper.state.ended):
            text = self.tr("Not closed: the work did not end as expected.")
            session.notice("warning", text, topic=_TOPIC)
        else:
            then()

    def _may_stop_sweep(self) -> bool:
        """Ask before another stack ends a sweep."""
        sweeper = self._window.session.sweeper
        if self.ask is None or not sweeper.state.running:
            return True
        answer = self.ask_running(self._window, lambda: self._describe(True), False)
        return answer is RunningAnswer.STOP or not sweeper.state.running

    # ------------------------------------------------------------ unsaved changes

    @property
    def would_lose(self) -> bool:
        """Whether there are changes worth a question."""
        window = self._window
        carrying = window.carrying
        if carrying.path is not None:
            return carrying.modified
        if not carrying.paths():  # the demo: there is no file that a session could name
            return False
        wishes = window.session.state.wishes
        return window.history.steps.canUndo() and wishes != self._exported

    def may_leave(self) -> bool:
        """Ask where another stack would lose something; return whether to go on."""
        return self._may_stop_sweep() and self._may_lose()

    def _may_lose(self) -> bool:
        if self.ask is None or not self.would_lose:
            return True
        carrying = self._window.carrying
        name = carrying.path.name if carrying.path is not None else self.tr("this session")
        answer = self.ask(self._window, name)
        if answer is Answer.SAVE:
            carrying.save_session()
            return carrying.path is not None and not carrying.modified
        return answer is Answer.DISCARD

    # ------------------------------------------------------------ what leaves

    def may_close(self) -> bool:
        """Ask where closing the window would lose something; return whether to close it now."""
        done = self.tr("The window closes when the work is done.")
        return self._may_stop_work(self._window.close, done) and self._may_lose()

    def close_stack(self) -> None:
        """Close the stack, unless the user would rather not."""
        done = self.tr("The stack is closed when the work is done.")
        if self._may_stop_work(self.close_stack, done) and self._may_lose():
            self._window.session.close_stack()

    def load_demo(self) -> None:
        """Take the demo stack, unless the user would rather not."""
        if self.may_leave():
            self._window.session.load_demo()
