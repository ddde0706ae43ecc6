"""Everything that can be said about a stack at its settings: diagnostics and consistency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bgviewer.engine.flux_loss import BOTH_EXPOSURES
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.io.stack import StackEntry
from bgviewer.tasks.consistency import (
    Closure,
    Consistency,
    ConsistencyRequest,
    check_consistency,
)
from bgviewer.tasks.diagnostic import Diagnostic
from bgviewer.tasks.diagnostics import Diagnosis, diagnose
from bgviewer.tasks.exposure_warnings import exposure_warnings
from bgviewer.tasks.flux_loss_view import flux_loss_text
from bgviewer.tasks.match import MatchOutcome, verdict_json
from bgviewer.tasks.metrics import Metric, match_metrics
from bgviewer.tasks.parallel import StopOnly

__all__ = ["Check", "check", "check_json"]


@dataclass(frozen=True, eq=False)
class Check:
    """What was found.

    Attributes
    ----------
    consistency : Consistency
    diagnoses : tuple of (name, Diagnosis)
        Of every exposure that was matched to the reference.
    warnings : mapping of str to tuple of str
        Of every exposure of the stack, by name.
    metrics : mapping of str to tuple of Metric
        Depth, residual power and scales of every match, by name.
    """

    consistency: Consistency
    diagnoses: tuple[tuple[str, Diagnosis], ...]
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metrics: Mapping[str, tuple[Metric, ...]] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, MatchOutcome]:
        """What matching to the reference gave, by name."""
        return {o.name: o for o in self.consistency.closures[0].outcomes}

    @property
    def reference(self) -> str:
        """Name of the reference."""
        closure = self.consistency.closures[0]
        return closure.names[closure.ids.index(closure.reference)]


def check(request: ConsistencyRequest, progress: Progress = SILENT) -> Check:
    """Match a stack and judge it; exposures are in memory one at a time.

    Raises
    ------
    BgviewerError
        When there is no reference, or it cannot be read.
    """
    found: list[tuple[str, Diagnosis]] = []
    metrics: dict[str, tuple[Metric, ...]] = {}
    stop_only = StopOnly(progress)

    def look(entry: StackEntry, result: MatchResult) -> None:
        found.append((entry.name, diagnose(result, progress=stop_only)))
        metrics[entry.name] = match_metrics(result, progress=stop_only)

    consistency = check_consistency(request, progress, look=look)
    warnings = {e.name: exposure_warnings(e) for e in request.stack.entries}
    warnings |= {o.name: o.warnings for o in consistency.closures[0].outcomes}
    return Check(consistency, tuple(found), warnings, metrics)


def check_json(found: Check) -> dict[str, Any]:
    """Return it as values for JSON; NaN stands where a figure is not known."""
    graph, outcomes = found.consistency.graph, found.outcomes

    def facts(name: str) -> dict[str, Any]:
        outcome = outcomes.get(name)
        return {
            **verdict_json(None if outcome is None else outcome.judged),
            "overlap": None if outcome is None else outcome.overlap,
            "extrapolated": None if outcome is None else outcome.extrapolated,
            "warnings": list(found.warnings.get(name, ())),
        }

    return {
        "reference": found.reference,
        "reference_warnings": list(found.warnings.get(found.reference, ())),
        "candidates": [graph.names[graph.ids.index(i)] for i in graph.candidates],
        "advice": list(graph.advice()),
        "overlap": {
            "names": list(graph.names),
            "shared": graph.overlap.shared.tolist(),
            "every": graph.overlap.every,
            "groups": [list(g) for g in graph.groups],
        },
        "closures": [_closure(c) for c in found.consistency.closures],
        "stack": [_item(d) for d in found.consistency.items],
        "exposures": [
            {
                "name": name,
                **facts(name),
                "diagnostics": [_item(i) for i in d.items],
                "flux_loss": _flux_loss(d),
                "metrics": [m.as_json for m in found.metrics.get(name, ())],
            }
            for name, d in found.diagnoses
        ],
        "warnings": [
            {"name": name, "warnings": list(texts)}
            for name, texts in found.warnings.items()
            if texts
        ],
        "left_out": [
            {"name": name, "reason": reason, **facts(name)}
            for name, reason in dict(
                (*graph.left_out, *found.consistency.closures[0].left_out)
            ).items()
        ],
    }


def _item(item: Diagnostic) -> dict[str, Any]:
    return {
        "key": item.key,
        "name": item.name,
        "value": item.value,
        "unit": item.unit,
        "expected": item.expected,
        "state": item.state,
        "text": item.sentence,
    }


def _flux_loss(found: Diagnosis) -> dict[str, Any]:
    """Return shares of light, and what they are of; radius and brightness with their units."""
    loss, scale = found.flux_loss, found.scale
    if loss is None:
        return {"both_exposures": 0.0, "one_exposure": None}
    return {
        "both_exposures": 0.0,
        "one_exposure": {
            "half_light_radius": loss.source.radius,
            "brightness": loss.source.brightness,
            "brightness_unit": scale.unit,
            "surface_brightness": scale.surface_brightness(loss.source.brightness),
            "profile": loss.profile,
            "aperture": loss.aperture,
            "total": loss.total,
        },
        "text": f"{BOTH_EXPOSURES} {flux_loss_text(loss, scale)}",
    }


def _closure(closure: Closure) -> dict[str, Any]:
    return {
        "reference": closure.names[closure.ids.index(closure.reference)],
        "names": list(closure.names),
        "unit": closure.unit,
        "typical": closure.typical,
        "matrix": np.asarray(closure.matrix).tolist(),
        "worst": [
            {
                "pair": list(p.names),
                "smooth": p.left.smooth,
                "expected": p.expected,
                "offset": p.left.offset,
                "noise": p.left.noise,
                "pixels": p.left.pixels,
                "state": p.state,
                "worst_block": [p.left.worst, p.left.worst_x, p.left.worst_y],
            }
            for p in closure.pairs[:10]
        ],
    }
