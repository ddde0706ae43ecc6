"""What is running that closing the window would end, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QCoreApplication

from bgviewer.session.state import JobState

if TYPE_CHECKING:
    from bgviewer.session.session import Session

__all__ = ["running_work"]

_REPEATABLE = ("load", "measure", "coadd")
"""Jobs whose results come by themselves when the exposures are loaded again."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Running", text)


def running_work(session: Session, sweep_only: bool = False) -> list[str]:
    """Return a sentence for each piece of work that the user would lose, with how far it is."""
    found = []
    if not sweep_only:
        found = [_sentence(job) for job in session.jobs() if job.kind not in _REPEATABLE]
    sweep = session.sweeper.state
    if sweep.running:
        text = _tr("A sweep is running: {} of {} exposures tried.")
        found.append(text.format(sweep.done, sweep.total))
    return found


def _sentence(job: JobState) -> str:
    pace = job.pace
    if pace is not None and job.kind == "export":
        text = _tr("An export is running: {} of {} exposures written.")
        return text.format(pace.done, pace.total)
    if pace is not None:
        text = _tr("All exposures are being matched: {} of {} are done.")
        return text.format(pace.done, pace.total)
    words = {"check": _tr("The check of the stack is running."), "write": _tr("A file is written.")}
    return words.get(job.kind, _tr("Work is running: {}.").format(job.title))
