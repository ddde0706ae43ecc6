"""`bgviewer match --auto`: sweep first, then match with what the sweep recommends."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bgviewer.cli.output import number, say
from bgviewer.cli.signals import stoppable_progress
from bgviewer.io.write import check_target
from bgviewer.tasks.export import ExportRequest
from bgviewer.tasks.sweep import Sweep, SweepRequest, sweep_stack
from bgviewer.tasks.sweep import with_choices as with_sweep
from bgviewer.tasks.sweep_report import choice_cards, chosen_of, write_sweep_file

__all__ = ["check_auto", "chosen_json", "chosen_lines", "swept", "write_sweep"]

_FILE = "sweep.json"


def check_auto(request: ExportRequest, auto: str | None) -> None:
    """Refuse what could not be written before any work is done."""
    if auto is not None and os.path.exists(request.directory):
        check_target(Path(request.directory) / _FILE, overwrite=request.overwrite)


def swept(request: ExportRequest, auto: str | None) -> tuple[ExportRequest, Sweep | None]:
    """Return the request with the sweep's choice per exposure or for the stack, and the sweep."""
    if auto is None:
        return request, None
    wanted = SweepRequest(request.stack, request.reference, request.config, plan=request.plan)
    with stoppable_progress() as progress:
        found = sweep_stack(wanted, progress)
    for exposure in found.exposures:
        if exposure.status == "failed":
            text = f"{exposure.name}: not swept: {exposure.reason}"
            request.stack.notes += (text,)
            say(text)
    if found.choice is None or found.choice.score is None:
        say("the sweep recommends nothing for all exposures; the settings stay as they are")
    else:
        expected = number(found.choice.error_rms)
        say(f"for all exposures: {found.choice.candidate.text}, held-out error {expected}")
    config, plan = with_sweep(found, auto)
    cards: Mapping[str, tuple[tuple[str, object, str], ...]] = {
        e.name: choice_cards(found, e, auto) for e in found.swept
    }
    chosen = {e.name: c for e in found.swept if (c := chosen_of(found, e, auto)) is not None}
    for name, choice in chosen.items():
        if choice.caution:
            say(f"{name}: {choice.setting}: {choice.caution}")
    request = replace(request, config=config, plan=plan, extra_cards=cards, choices=chosen)
    return request, found


def chosen_json(request: ExportRequest, found: Sweep | None) -> dict[str, Any]:
    """Return what is told of the sweep; nothing without one."""
    if found is None:
        return {}
    choices = {name: asdict(c) for name, c in request.choices.items()}
    return {"sweep": {"own_settings": request.plan.own, "choices": choices}}


def chosen_lines(request: ExportRequest) -> list[str]:
    """Return a line for each exposure that a sweep chose settings for."""
    return [
        f"  {name}: {c.setting}, score {number(c.score)} ± {number(c.error, 2)}"
        + (f"; runner-up {c.runner_up}, {number(c.runner_up_score)}" if c.runner_up else "")
        + (f"; {c.caution}" if c.caution else "")
        for name, c in request.choices.items()
    ]


def write_sweep(request: ExportRequest, found: Sweep | None) -> None:
    """Write every score beside the report."""
    if found is None:
        return
    write_sweep_file(Path(request.directory) / _FILE, found, overwrite=request.overwrite)
