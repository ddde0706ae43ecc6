"""The part of the session for views of the whole stack and for comparing two results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from bgviewer.session.desk import Desk
from bgviewer.session.lane import Job
from bgviewer.session.store import Store
from bgviewer.session.tuner import Tuner
from bgviewer.tasks.coadd import STATISTICS, Coadd, CoaddRequest, Member, coadd
from bgviewer.tasks.compare import Difference, differences
from bgviewer.tasks.extras import COADD_VIEWS, Extras, MatchedSide
from bgviewer.tasks.overview import Tile
from bgviewer.tasks.show import Shown

__all__ = ["CoaddState", "StackViews"]

SLOTS = ("a", "b")


@dataclass(frozen=True)
class CoaddState:
    """How the co-add stands.

    Attributes
    ----------
    coadd : Coadd or None
        The last one of this stack.
    current : bool
        Whether it is of the present settings.
    """

    coadd: Coadd | None = None
    current: bool = False


class StackViews(QObject):
    """Makes the co-add when it is looked at, and holds the snapshots A and B."""

    changed = pyqtSignal()
    """Snapshots or co-add changed."""

    def __init__(self, store: Store, tuner: Tuner, desk: Desk) -> None:
        super().__init__(store)
        self._store, self._tuner, self._desk = store, tuner, desk
        self._snapshots: dict[str, Shown] = {}
        self._coadd: Coadd | None = None
        self._asked: Any = None
        self._making = False
        self._statistic = STATISTICS[0]
        tuner.extras = self.extras
        store.stack_changed.connect(self._on_stack)
        store.match_changed.connect(self._complete_snapshots)
        store.job_changed.connect(self._on_job)
        for signal in (store.match_changed, store.outcomes_changed, store.job_changed):
            signal.connect(self.follow)

    # ---------------------------------------------------------------- snapshots

    def snapshot(self, slot: str) -> Shown | None:
        """Return what was kept as "a" or "b"."""
        return self._snapshots.get(slot)

    def keep(self, slot: str) -> bool:
        """Keep what is shown as snapshot "a" or "b"; False where there is no match to keep."""
        if slot not in SLOTS:
            raise ValueError(f"no such snapshot: {slot}")
        match = self._store.state.match
        if match.shown is None or match.withheld or (match.working and not match.shown.complete):
            self._store.notice(
                "warning", self.tr("Nothing kept: there is no finished match on the screen.")
            )
            return False
        self._snapshots[slot] = match.shown
        name = match.shown.stack[match.shown.science_id].name
        text = self.tr("Snapshot {} kept: {} with the present settings.")
        self._store.notice("info", text.format(slot.upper(), name))
        self._tell()
        return True

    def forget_snapshots(self) -> None:
        """Let both snapshots go."""
        if self._snapshots:
            self._snapshots = {}
            self._tell()

    def differences(self) -> tuple[Difference, ...]:
        """Return what differs between A and B; empty without both."""
        a, b = self._snapshots.get("a"), self._snapshots.get("b")
        return () if a is None or b is None else differences(a, b)

    def _complete_snapshots(self) -> None:
        """Take the last figures of a match that was kept before they were known."""
        shown = self._store.state.match.shown
        for slot, kept in self._snapshots.items():
            if shown is not None and not kept.complete and shown.result is kept.result:
                self._snapshots[slot] = replace(kept, figures=shown.figures)

    # ---------------------------------------------------------------- overview

    def tiles(self) -> tuple[Tile, ...]:
        """Return the exposures of the overview, the worst match first."""
        stack = self._store.state.stack
        if stack is None:
            return ()
        return tuple(sorted((self._tile(i) for i in range(len(stack))), key=lambda t: t.order))

    def _tile(self, exposure: int) -> Tile:
        store, stack = self._store, self._store.state.stack
        assert stack is not None
        name = stack.stack.entries[exposure].name
        if self._excluded(exposure):
            return Tile(exposure, name, "excluded", None)
        if not stack.usable(exposure):
            problem = stack.reasons[exposure] or str(stack.stack.entries[exposure].problem or "")
            return Tile(exposure, name, "failed", None, problem)
        if store.is_reference(exposure):
            return Tile(exposure, name, "reference", None)
        outcome, current = store.outcome(exposure)
        if outcome is None or (outcome.status != "matched" and not current):
            return Tile(exposure, name, "not matched", None)
        if outcome.status != "matched":
            return Tile(exposure, name, outcome.status, None, outcome.reason)
        state = "matched" if current else "outdated"
        return Tile(exposure, name, state, outcome.fit_rms, "", outcome.residuals)

    def _excluded(self, exposure: int) -> bool:
        state = self._store.state
        assert state.stack is not None
        return state.stack.stack.entries[exposure].name in state.plan.excluded

    # ---------------------------------------------------------------- co-add

    @property
    def statistic(self) -> str:
        """How exposures are combined; one of `STATISTICS`."""
        return self._statistic

    def set_statistic(self, statistic: str) -> None:
        """Combine by "mean" or "median"."""
        if statistic not in STATISTICS:
            raise ValueError(f"no such statistic: {statistic}")
        if statistic != self._statistic:
            self._statistic, self._asked = statistic, None
            self.follow()

    @property
    def coadd(self) -> CoaddState:
        """The co-add, and whether it is of the present settings."""
        made = self._coadd
        return CoaddState(made, made is not None and made.key == self._key())

    def follow(self) -> None:
        """Make the co-add where it is looked at, everything is matched and nothing else runs."""
        state = self._store.state
        if state.third not in COADD_VIEWS:
            self._asked = None
            return
        key = self._key()
        if state.job is not None or key is None or key == self._asked or self.coadd.current:
            return
        request = self._request(key)
        if request is None:
            return
        self._asked = key  # a job that was stopped is not begun again by itself
        self._desk.run(
            "coadd", self.tr("Making the co-add"), lambda job: _work(request, job), self._take
        )

    def extras(self) -> Extras:
        """What the extra third views are drawn from at present."""
        made = self.coadd
        a, b = (_side(self._snapshots.get(slot)) for slot in SLOTS)
        job = self._store.state.job
        waiting = self.tr("Making the co-add…") if job and job.kind == "coadd" else ""
        if not waiting and self._asked is not None and self._asked == self._key():
            waiting = self.tr("The co-add was not made. Choose another view, then this one again.")
        return Extras(made.coadd, waiting, a, b)

    def _key(self) -> Any:
        """What a co-add depends on; None where not every exposure is matched yet."""
        store, stack = self._store, self._store.state.stack
        if stack is None or store.state.reference is None or store.held_back():
            return None
        found: list[Any] = []
        for exposure in range(len(stack)):
            if self._excluded(exposure) or not stack.usable(exposure):
                continue
            if store.is_reference(exposure):
                found.append(exposure)
                continue
            outcome, current = store.outcome(exposure)
            if outcome is None or not current:
                return None
            found.append((exposure, outcome.status, outcome.key))
        return (id(stack.stack), self._statistic, tuple(found))

    def _request(self, key: Any) -> CoaddRequest | None:
        store, stack = self._store, self._store.state.stack
        assert stack is not None
        members, left_out = [], []
        for tile in (self._tile(i) for i in range(len(stack))):
            outcome = store.state.outcomes.get(tile.exposure)
            if tile.state == "reference":
                if tile.exposure == store.state.reference:
                    members.append(Member(tile.exposure, tile.name))
                else:
                    left_out.append((tile.name, self.tr("the reference once more")))
            elif tile.state == "matched" and outcome is not None and outcome.model is not None:
                reference = store.state.reference
                assert reference is not None
                told = tile.exposure, tile.name, outcome.model
                members.append(Member.matched(stack.stack, reference, *told))
            else:
                left_out.append((tile.name, tile.reason or tile.state))
        blocks = self._coadd.blocks if self._coadd is not None else None
        return CoaddRequest(
            stack.stack,
            tuple(members),
            tuple(left_out),
            self._statistic,
            self._tuner.side,
            key,
            blocks,
        )

    def _take(self, made: Coadd) -> None:
        stack = self._store.state.stack
        if stack is not None and made.blocks.stack is stack.stack:
            self._coadd = made
            self._tell()

    # ---------------------------------------------------------------- inside

    def _on_job(self) -> None:
        """Say in the view that a co-add is being made, or that it was stopped."""
        job = self._store.state.job
        making = job is not None and job.kind == "coadd"
        if making != self._making:
            self._making = making
            if self._store.state.third in COADD_VIEWS:
                self._tuner.refresh()

    def _tell(self) -> None:
        self.changed.emit()
        self._tuner.refresh()

    def _on_stack(self) -> None:
        stack = self._store.state.stack
        held = None if stack is None else stack.stack
        if self._coadd is not None and self._coadd.blocks.stack is not held:
            self._coadd = None
        self._asked = None
        self._snapshots = {s: k for s, k in self._snapshots.items() if k.stack is held}
        self.changed.emit()


def _work(request: CoaddRequest, job: Job) -> Coadd:
    return coadd(request, job)


def _side(shown: Shown | None) -> MatchedSide | None:
    return None if shown is None else MatchedSide(shown.result.model, shown.science)
