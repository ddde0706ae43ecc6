"""A sweep as plain values and as header cards."""

from __future__ import annotations

import json
import math
from os import PathLike
from pathlib import Path
from typing import Any

from bgviewer.engine.scores import Score
from bgviewer.engine.sweeping import Chosen, SweepCell
from bgviewer.io.text import write_text
from bgviewer.tasks.exposure_warnings import exposure_warnings
from bgviewer.tasks.sweep import ExposureSweep, Sweep

__all__ = ["choice_cards", "chosen_of", "sweep_json", "write_sweep_file"]


def choice_cards(
    found: Sweep, exposure: ExposureSweep, per: str
) -> tuple[tuple[str, object, str], ...]:
    """Return header cards: how the settings of an exposure were chosen, score and runner-up.

    Scores are those of this exposure, also where one choice serves the whole stack.
    """
    source = exposure if per == "exposure" else found
    cells = {c.candidate: c for c in exposure.cells}
    cards: list[tuple[str, object, str]] = []
    for cell, prefix, what in (
        (source.choice, "BGVS", "chosen setting"),
        (source.runner_up, "BGVU", "runner-up"),
    ):
        mine = None if cell is None else cells.get(cell.candidate)
        if mine is None or mine.score is None:
            continue
        cards += [
            (
                f"{prefix}SET",
                mine.candidate.text,
                f"{what} per {per}" if prefix == "BGVS" else what,
            ),
            (f"{prefix}SCOR", mine.score.value, f"held-out score of the {what}"),
            (f"{prefix}SERR", mine.score.error, "its standard error"),
        ]
        if prefix == "BGVS" and (caution := exposure.caution_of(mine)):
            cards.append(("HISTORY", f"bgviewer sweep: {caution}", ""))
    return tuple(c for c in cards if not (isinstance(c[1], float) and not math.isfinite(c[1])))


def chosen_of(found: Sweep, exposure: ExposureSweep, per: str) -> Chosen | None:
    """Return choice and runner-up of an exposure for a report; None without a choice.

    Scores are those of this exposure, also where one choice serves the whole stack.
    """
    source = exposure if per == "exposure" else found
    if source.choice is None:
        return None
    cells = {c.candidate: c for c in exposure.cells}
    mine = cells.get(source.choice.candidate)
    next_ = None if source.runner_up is None else cells.get(source.runner_up.candidate)
    score = None if mine is None else mine.score
    return Chosen(
        source.choice.candidate.text,
        None if score is None else score.value,
        None if score is None else score.error,
        "" if next_ is None else next_.candidate.text,
        None if next_ is None or next_.score is None else next_.score.value,
        exposure.caution_of(mine),
    )


def _score_json(score: Score | None) -> dict[str, float | None]:
    if score is None:
        return {"score": None, "error": None, "rms": None}
    return {"score": score.value, "error": score.error, "rms": score.rms}


def _cell_json(cell: SweepCell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    c = cell.candidate
    return {
        "binSize": c.bin_size,
        "usePolynomial": c.order is not None,
        "order": c.order,
        "interpStyle": c.interp_style,
        "gridStatistic": c.grid_statistic,
        "penalisedSpline": c.penalty_order is not None,
        "penaltyOrder": c.penalty_order,
        "cellCentroids": c.cell_centroids,
        "valid": cell.valid,
        "reason": cell.reason,
        "note": cell.note,
        "veto": cell.veto,
        "expected_error_masked": cell.hidden,
        "freedom": cell.freedom,
        "held_out": _score_json(cell.score),
        "training": _score_json(cell.training),
        "expected_error": cell.error_rms,
    }


def sweep_json(found: Sweep) -> dict[str, Any]:
    """Return the whole sweep as plain values."""
    hold_out, stack = found.request.hold_out, found.request.stack

    def exposure(e: ExposureSweep) -> dict[str, Any]:
        tiles = e.tiles
        noise = math.nan if tiles is None else tiles.noise
        return {
            "name": e.name,
            "status": e.status,
            "reason": e.reason,
            "warnings": list(exposure_warnings(stack[e.id])),
            "overlap": e.overlap,
            "tile": None if tiles is None else tiles.tile,
            "tiles_judged": None if tiles is None else tiles.count,
            "tile_noise": noise if math.isfinite(noise) else None,
            "noise_factor": None if tiles is None else tiles.noise_factor,
            "masked_share": None if tiles is None else tiles.hidden_share,
            "caution": e.caution,
            "best": _cell_json(e.best),
            "choice": _cell_json(e.choice),
            "runner_up": _cell_json(e.runner_up),
            "cells": [_cell_json(c) for c in e.cells],
        }

    return {
        "reference": stack[found.request.reference].name,
        "zero_point": stack.zero_point,
        "notes": list(stack.notes),
        "config": found.request.config.to_lsst(),
        "hold_out": {
            "mode": hold_out.mode,
            "folds": hold_out.folds,
            "margin": hold_out.margin,
            "block": hold_out.block,
            "ignore_masked": found.request.plan.ignore_masked,
        },
        "best": _cell_json(found.best),
        "choice": _cell_json(found.choice),
        "runner_up": _cell_json(found.runner_up),
        "cells": [_cell_json(c) for c in found.cells],
        "exposures": [exposure(e) for e in found.exposures],
    }


def write_sweep_file(path: str | PathLike[str], found: Sweep, overwrite: bool = False) -> Path:
    """Write the whole sweep as JSON; what is not a number becomes null.

    Raises
    ------
    WriteError
        When the file exists (without `overwrite`) or cannot be written.
    """
    from bgviewer import __version__

    text = json.dumps(_finite({"version": __version__, **sweep_json(found)}), indent=1)
    return write_text(path, text + "\n", overwrite)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
