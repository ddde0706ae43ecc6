"""Source detection and alignment: work in the files lane that a person asks for, then tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PyQt6.QtCore import QObject

from bgviewer.engine.detection import Detection
from bgviewer.errors import ConfigError
from bgviewer.io.align import check_reproject
from bgviewer.io.detect import check_sep
from bgviewer.session.lane import Job
from bgviewer.session.session import Session
from bgviewer.tasks.detection import Detected, detect_sources

__all__ = ["Preparing"]


class Preparing(QObject):
    """Does what makes exposures fit to be matched."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    @property
    def detection(self) -> Detection | None:
        """How sources are detected now; None = they are not."""
        return self._session.state.plan.detection

    @property
    def can_align(self) -> bool:
        """Whether an exposure of the stack lies on another grid."""
        held = self._session.state.stack
        return held is not None and held.stack.can_align

    def detect(self, detection: Detection) -> None:
        """Find the sources of every exposure in the lane; the masks count when all are found."""
        session, held = self._session, self._session.state.stack
        try:
            check_sep()
        except ConfigError as error:
            session.notice("error", str(error))
            return
        if held is None:  # it counts from the next stack on
            self._take(detection)
            return
        stack, plan = held.stack, replace(session.state.plan, detection=detection)

        def work(job: Job) -> Detected:
            return detect_sources(stack, plan, job)

        def tell(found: Detected) -> None:
            now = session.state.stack
            if now is not None and now.stack.entries is stack.entries:
                self._take(detection)
                self._tell(found)

        session.read_file(self.tr("Detecting sources"), work, tell)

    def remove(self) -> None:
        """Detect no sources any more."""
        self._take(None)

    def align(self) -> None:
        """Read the stack again, with exposures of other grids re-projected onto the common one."""
        session, held = self._session, self._session.state.stack
        if held is None or not self.can_align:
            return
        try:
            check_reproject()
        except ConfigError as error:
            session.notice("error", str(error))
            return
        entries, reference = held.stack.entries, session.state.reference
        paths = [str(e.path) for e in entries if e.path is not None]
        name = None if reference is None else entries[reference].name
        session.load(paths, name, session.state.plan, align=True)

    def _take(self, detection: Detection | None) -> None:
        plan = self._session.state.plan
        if plan.detection != detection:
            self._session.set_plan(replace(plan, detection=detection))

    def _tell(self, found: Detected) -> None:
        if not found.shares:
            text = self.tr("No sources were detected: every exposure brings its own DETECTED plane")
            self._session.notice("info", text + ".")
            return
        share = 100 * float(np.mean(found.shares))
        text = self.tr("Sources detected in {} of {} exposures: {:.2g} % of their pixels flagged")
        text = text.format(len(found.shares), found.looked_at, share)
        if found.own:
            text += self.tr("; {} bring their own DETECTED plane").format(found.own)
        self._session.notice("info", text + ".")
