"""The sweep in the session: many settings tried on held-out tiles while everything else goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from bgviewer.engine.bands import available_threads
from bgviewer.engine.config import OPTIONS
from bgviewer.engine.holdout import HoldOut
from bgviewer.engine.sweeping import SweepSpace
from bgviewer.session.courtesy import Courteous
from bgviewer.session.lane import Job, Lane, Report
from bgviewer.session.store import Store
from bgviewer.session.tuner import Tuner
from bgviewer.tasks.sweep import (
    VARIED,
    ExposureSweep,
    Sweep,
    SweepRequest,
    SweptCell,
    iterate_sweep,
    joined_cells,
    without_varied,
)

__all__ = ["Sweeper", "SweeperState"]

# Behind the window, yet before the other lanes: it waits for them by itself, and whoever holds the
# interpreter's lock must not be kept from the processor by those that need none.
_NICENESS = 5
_INTERVAL = 0.1  # seconds between two deliveries of cells
_ORDERED = ("num_sigma_clip", "num_iter")  # options that only MEANCLIP has


@dataclass(frozen=True)
class SweeperState:
    """Where the sweep is.

    Attributes
    ----------
    running : bool
    name : str
        The exposure that it is at.
    fraction : float
        0 to 1, of all that was asked for.
    done, total : int
        Exposures.
    ended : str
        Why the last one ended before it was done; empty where it was.
    """

    running: bool = False
    name: str = ""
    fraction: float = 0.0
    done: int = 0
    total: int = 0
    ended: str = ""


@dataclass(frozen=True)
class _Kept:
    """The result of one exposure, and what it is of."""

    found: ExposureSweep = field(repr=False)
    request: SweepRequest = field(repr=False)
    key: tuple[Any, ...]


class Sweeper(QObject):
    """Runs sweeps in a lane of its own and keeps what they found, exposure by exposure.

    Parameters
    ----------
    store : Store
        Whose stack, reference and settings are swept.
    tuner : Tuner
        The live work that comes first.
    """

    changed = pyqtSignal()
    """Results, their being current, or the progress changed."""

    def __init__(self, store: Store, tuner: Tuner) -> None:
        super().__init__(store)
        self._store, self._tuner = store, tuner
        self._kept: dict[int, _Kept] = {}
        self._cells: list[SweptCell] = []  # of the exposure that is at work
        self._job: Job | None = None
        self._keys: dict[int, tuple[Any, ...]] = {}
        self._last: SweepRequest | None = None
        self._entries: object = None
        self._made_of: tuple[Any, ...] = (None,) * 4
        self._known_keys: dict[tuple[int, bool], tuple[Any, ...]] = {}
        self._joined: Sweep | None = None  # the last whole, as joining takes some milliseconds
        self._state = SweeperState()
        self._lane = Lane("sweep", self, niceness=_NICENESS)
        self._lane.connect(self._on_report)
        for signal in (
            store.stack_changed,
            store.pair_changed,
            store.plan_changed,
            store.config_changed,
            store.ranking_changed,
        ):
            signal.connect(self._follow)

    @property
    def lane(self) -> Lane:
        """The lane of the sweeps."""
        return self._lane

    @property
    def state(self) -> SweeperState:
        """Where the sweep is."""
        return self._state

    # ---------------------------------------------------------------- wishes

    def subjects(self) -> tuple[int, ...]:
        """Return the exposures that can be swept."""
        stack = self._store.state.stack
        if stack is None or self._store.state.reference is None:
            return ()
        everyone = range(len(stack))
        return tuple(i for i in everyone if stack.takes_part(i) and not self._store.is_reference(i))

    def start(
        self,
        exposures: frozenset[int] | None = None,
        space: SweepSpace | None = None,
        hold_out: HoldOut | None = None,
    ) -> None:
        """Sweep exposures (None = all that were not swept so yet); what runs is stopped."""
        state, stack = self._store.state, self._store.state.stack
        wanted = [i for i in self.subjects() if exposures is None or i in exposures]
        if stack is None or state.reference is None or stack.stack.shape is None or not wanted:
            return
        space = space or SweepSpace.for_shape(stack.stack.shape, state.config)
        request = SweepRequest(
            stack.stack,
            state.reference,
            state.config,
            space,
            hold_out or HoldOut(),
            plan=state.plan,
            # one core is the live lane's and the window's
            threads=max(1, available_threads() - 1),
        )
        if exposures is None:
            wanted = [i for i in wanted if not self._is_done(i, request)] or wanted
        request = replace(request, only=frozenset(wanted))
        self.stop()
        self._keys = {i: self._key(i, space) for i in wanted}
        self._cells, self._last = [], request
        live = self._tuner.lane
        self._job = Job("sweep", lambda job: _work(request, job, lambda: live.busy))
        self._set(SweeperState(True, total=len(wanted)))
        self._lane.submit(self._job)

    def stop(self, why: str = "") -> None:
        """Stop; what was found of whole exposures stays."""
        if self._job is not None:
            job, self._job = self._job, None
            job.stop()
            self._lane.stop()
            self._cells = []
            self._set(replace(self._state, running=False, ended=why or self.tr("Stopped.")))

    def close(self) -> None:
        """Stop and wait for the thread."""
        self._lane.close()

    # ---------------------------------------------------------------- results

    def found(self, exposure: int | None) -> ExposureSweep | None:
        """Return what is known of an exposure, as far as a sweep that runs has come."""
        if exposure is None:
            return None
        if self._cells and self._cells[0].id == exposure:
            cells = tuple(c.cell for c in self._cells)
            return ExposureSweep(exposure, self._cells[0].name, "sweeping", cells=cells)
        kept = self._kept.get(exposure)
        return None if kept is None else kept.found

    def space(self, exposure: int | None) -> SweepSpace | None:
        """Return what was tried on an exposure; None = on the stack as a whole."""
        if exposure is None:
            return None if self._last is None else self._last.tried
        if self._cells and self._cells[0].id == exposure and self._last is not None:
            return self._last.tried
        kept = self._kept.get(exposure)
        return None if kept is None else kept.request.tried

    def current(self, exposure: int) -> bool:
        """Whether what is known of an exposure is of the present reference and settings."""
        kept = self._kept.get(exposure)
        if self._cells and self._cells[0].id == exposure:
            return True
        return kept is not None and kept.key == self._key(exposure, kept.request.tried)

    def whole(self) -> Sweep | None:
        """Return all current results that were judged like the last one, joined; None = none."""
        last, state = self._last, self._store.state
        if last is None or state.stack is None:
            return None
        request = replace(last, config=state.config, plan=state.plan, only=None)
        found = tuple(
            kept.found
            for i in self.subjects()
            if (kept := self._kept.get(i)) is not None and self._is_done(i, request)
        )
        if not found:
            return None
        joined = self._joined
        if joined is None or tuple(map(id, found)) != tuple(map(id, joined.exposures)):
            joined = self._joined = Sweep(request, found, joined_cells(found))
        return replace(joined, request=request)

    # ---------------------------------------------------------------- inside

    def _is_done(self, exposure: int, request: SweepRequest) -> bool:
        kept = self._kept.get(exposure)
        return (
            kept is not None
            and (kept.request.tried, kept.request.hold_out) == (request.tried, request.hold_out)
            and self.current(exposure)
        )

    def _key(self, exposure: int, space: SweepSpace) -> tuple[Any, ...]:
        """What a result depends on: everything that a match does, but what a sweep varies."""
        state = self._store.state
        made_of = state.config, state.plan, state.reference, state.stack
        if any(new is not old for new, old in zip(made_of, self._made_of, strict=True)):
            self._made_of, self._known_keys = made_of, {}
        clipped = "MEANCLIP" in space.grid_statistics
        if (exposure, clipped) not in self._known_keys:
            varied = VARIED if clipped else (*VARIED, *_ORDERED)
            config = state.config.replace(**{name: OPTIONS[name].default for name in varied})
            plan = without_varied(state.plan)
            key = self._store.keys(config, plan, state.reference)
            count = 0 if state.stack is None else len(state.stack)
            self._known_keys |= {(i, clipped): key(i) for i in range(count)}
        return (*self._known_keys[exposure, clipped], state.plan.ignore_masked)

    def _follow(self) -> None:
        """Stop what became pointless; forget what belongs to another stack."""
        stack = self._store.state.stack
        entries = None if stack is None else stack.stack.entries
        if entries is not self._entries:
            self._entries = entries
            self.stop(self.tr("Stopped: another stack was loaded."))
            self._kept, self._last, self._joined = {}, None, None
            self._set(SweeperState())
        elif self._job is not None:
            subjects, space = self.subjects(), self.space(None)
            assert space is not None
            for exposure, key in self._keys.items():
                if exposure not in subjects or self._key(exposure, space) != key:
                    self.stop(self.tr("Stopped: reference, regions or settings changed."))
                    break
        self.changed.emit()

    def _set(self, state: SweeperState) -> None:
        self._state = state
        self.changed.emit()

    def _on_report(self, report: Report) -> None:
        if report.job is not self._job:
            return
        state = self._state
        if report.event == "progress":
            fraction, _ = report.value
            fraction = state.fraction if fraction is None else fraction
            self._set(replace(state, fraction=fraction))
        elif report.event == "part":
            self._take(report.value)
        elif report.event in ("done", "failed", "cancelled", "bug"):
            self._job, self._cells = None, []
            ended = "" if report.event == "done" else str(report.value or "")
            self._set(replace(state, running=False, ended=ended))
            if report.event == "bug":
                self._store.bug_caught.emit(report.value)

    def _take(self, steps: list[SweptCell | ExposureSweep]) -> None:
        for step in steps:
            if isinstance(step, SweptCell):
                if self._cells and self._cells[0].id != step.id:
                    self._cells = []
                self._cells.append(step)
            else:
                self._cells = []
                self._keep(step)
        state = self._state
        name = self._cells[0].name if self._cells else state.name
        done = sum(i in self._kept and self._kept[i].request is self._last for i in self._keys)
        self._set(replace(state, name=name, done=done))

    def _keep(self, found: ExposureSweep) -> None:
        if self._last is not None and found.id in self._keys and found.status != "reference":
            self._kept[found.id] = _Kept(found, self._last, self._keys[found.id])


def _work(request: SweepRequest, job: Job, live: Callable[[], bool]) -> None:
    """Sweep in the lane; cells are handed over a few at a time."""
    steps: list[SweptCell | ExposureSweep] = []
    told = time.monotonic()
    for step in iterate_sweep(request, Courteous(job, live)):
        steps.append(step)
        now = time.monotonic()
        if isinstance(step, ExposureSweep) or now - told >= _INTERVAL:
            job.deliver(steps)
            steps, told = [], now
