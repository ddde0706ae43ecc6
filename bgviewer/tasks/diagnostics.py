"""Diagnostics of one match: figures with what they should be, in plain sentences."""

from __future__ import annotations

from dataclasses import dataclass, field

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.flux_loss import FluxLoss, default_source, flux_losses
from bgviewer.engine.holdout import Yardstick, lay_yardstick
from bgviewer.engine.matching import MatchResult
from bgviewer.engine.noise_expectations import (
    CorrelatedNoise,
    expected_held_out,
    expected_overshoot,
    expected_uncertainty,
)
from bgviewer.engine.probes import NoiseRuns, Probe, form_probe, noise_runs
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.engine.structure import Moran, moran
from bgviewer.engine.uncertainty import UncertaintyMap, uncertainty_map
from bgviewer.errors import ConfigError, NoOverlapError
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks import model_diagnostics as of_model
from bgviewer.tasks import residual_diagnostics as of_residuals
from bgviewer.tasks.diagnostic import ABOVE, Diagnostic
from bgviewer.tasks.held_out import HeldOut, measure_held_out
from bgviewer.tasks.match import match_pair
from bgviewer.tasks.photometric_scale import PhotometricScale

__all__ = ["Diagnosis", "HeldOut", "diagnose", "diagnose_pair"]


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """All diagnostics of one match, and what they were made from.

    Attributes
    ----------
    items : tuple of Diagnostic
    uncertainty : UncertaintyMap or None
        None without any cell.
    probe : Probe or None
        Blocks that judge the fit.
    noise : NoiseRuns or None
        What pure noise would do to them.
    moran : Moran or None
        Likeness of neighbours; its own expectation is that of values in random order.
    flux_loss : FluxLoss or None
        What the match removes of a faint source that only the science exposure has. It is a
        property of the settings and says nothing of the quality of the match.
    scale : PhotometricScale
        Of the science exposure's pixels.
    """

    items: tuple[Diagnostic, ...]
    uncertainty: UncertaintyMap | None = field(default=None, repr=False)
    probe: Probe | None = field(default=None, repr=False)
    noise: NoiseRuns | None = None
    moran: Moran | None = None
    flux_loss: FluxLoss | None = None
    scale: PhotometricScale = field(default_factory=PhotometricScale)

    def __getitem__(self, key: str) -> Diagnostic:
        return next(d for d in self.items if d.key == key)

    @property
    def above(self) -> tuple[Diagnostic, ...]:
        """The figures that are above their expectation."""
        return tuple(d for d in self.items if d.state == ABOVE)


def diagnose(
    result: MatchResult,
    *,
    unit: str | None = None,
    held_out: HeldOut | None = None,
    radius: float | None = None,
    progress: Progress = SILENT,
) -> Diagnosis:
    """Judge a match by more than its residuals.

    Parameters
    ----------
    result : MatchResult
        From `match_backgrounds`.
    unit : str, optional
        Of the pixels; by default what the science exposure says.
    held_out : HeldOut, optional
        From a sweep; without it these settings alone are judged on held-out tiles.
    radius : float, optional
        Half-light radius in pixels of the source whose flux loss is found (default 50, or a
        twentieth of the shorter side).

    Returns
    -------
    Diagnosis
    """
    if not isinstance(result, MatchResult):
        raise ConfigError(
            f"diagnose needs what match_backgrounds returns, not a {type(result).__name__}"
        )
    unit = str(getattr(result.science, "unit", None) or "") if unit is None else unit
    progress.step(0.0, "reading the residuals")
    probe = form_probe(result, progress)
    runs = likeness = None
    if probe is not None and probe.n >= of_residuals.FEWEST_BLOCKS:
        likeness = moran(probe.pulls)
        runs = noise_runs(result, probe, progress)
    progress.step(0.5, "mapping the model's error")
    errors = uncertainty_map(result, progress)
    if held_out is None:
        progress.step(0.6, "holding pixels out")
        held_out = measure_held_out(result, progress=progress)
    progress.step(0.7, "fitting noise")
    yardstick = _yardstick(result, progress)
    correlated = CorrelatedNoise.measure(result.difference.values, progress)
    expected = expected_uncertainty(result, errors, correlated, progress)
    scores = (
        None if yardstick is None else expected_held_out(result, yardstick, correlated, progress)
    )
    rms = of_residuals.held_out_rms(held_out, scores, unit)
    judged = errors.floored(held_out.rms) if rms.state == ABOVE else errors
    if of_residuals.is_measured(held_out, scores):
        errors = errors.floored(held_out.rms)
    items = (
        of_residuals.chi_square(result, probe, runs, correlated),
        of_residuals.autocorrelation(result, probe, likeness, runs, correlated),
        rms,
        of_model.extrapolated(result),
        of_model.overshoot(result, expected_overshoot(result, correlated, progress)),
        of_model.condition(result),
        of_model.usable_cells(result),
        of_model.uncertainty(result, judged, expected, unit),
    )
    progress.step(0.9, "adding a faint source")
    (loss,) = flux_losses(result, [default_source(result, radius)], progress)
    scale = PhotometricScale.of(result.science, unit)
    progress.step(1.0)
    return Diagnosis(items, errors, probe, runs, likeness, loss, scale)


def _yardstick(result: MatchResult, progress: Progress) -> Yardstick | None:
    try:
        return lay_yardstick(result.difference, progress=progress)
    except NoOverlapError:
        return None


def diagnose_pair(
    stack: ExposureStack,
    reference_id: int,
    science_id: int,
    config: MatchConfig,
    *,
    reuse: MatchResult | None = None,
    held_out: HeldOut | None = None,
    radius: float | None = None,
    progress: Progress = SILENT,
) -> Diagnosis:
    """Match a pair of a stack (or take over `reuse`) and diagnose it.

    Raises
    ------
    BgviewerError
        When the pair cannot be read or matched.
    """
    result = match_pair(
        stack, reference_id, science_id, config, reuse=reuse, complete=False, progress=progress
    )
    return diagnose(result, held_out=held_out, radius=radius, progress=progress)
