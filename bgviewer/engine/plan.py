"""What a person has decided about a stack beside the settings all exposures share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bgviewer.engine.acceptance import AcceptanceLimits
from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.detection import Detection
from bgviewer.engine.regions import Region

__all__ = ["StackPlan"]


@dataclass(frozen=True)
class StackPlan:
    """Exclusions, regions to ignore and settings of single exposures; exposures go by name.

    Attributes
    ----------
    excluded : frozenset of str
        Exposures that are neither matched nor candidates for the reference.
    regions : tuple of Region
        Pixels that do not count, of one exposure or of all.
    own : mapping of str to mapping
        Exposure -> options (snake_case) in which it differs from the shared settings.
    acceptance : AcceptanceLimits
        What a co-add would still keep; it changes no match.
    detection : Detection or None
        How sources are found in exposures that bring no DETECTED plane; None = they are not.
    ignore_masked : bool
        Whether a sweep judges unmasked pixels only, for masks over what nobody cares about; it
        changes no match.
    """

    excluded: frozenset[str] = frozenset()
    regions: tuple[Region, ...] = ()
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    acceptance: AcceptanceLimits = field(default_factory=AcceptanceLimits)
    detection: Detection | None = None
    ignore_masked: bool = False

    def config_for(self, exposure: str, shared: MatchConfig) -> MatchConfig:
        """Return the settings an exposure is matched with."""
        changes = self.own.get(exposure)
        return shared.replace(**changes) if changes else shared

    def regions_for(self, exposure: str) -> tuple[Region, ...]:
        """Return the regions that are ignored in an exposure."""
        return tuple(r for r in self.regions if r.exposure in (None, exposure))

    def own_options(self, exposure: str) -> dict[str, Any]:
        """Return an exposure's own options under LSST's names."""
        own = self.own.get(exposure) or {}
        return {OPTIONS[name].lsst_name: value for name, value in own.items()}

    def names(self) -> frozenset[str]:
        """Return every exposure it speaks of."""
        regional = {r.exposure for r in self.regions if r.exposure is not None}
        return self.excluded | regional | frozenset(self.own)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided."""
        decided = self.excluded or self.regions or self.own or self.limited
        return not (decided or self.detection is not None or self.ignore_masked)

    @property
    def limited(self) -> bool:
        """Whether other acceptance limits than the usual are set."""
        return self.acceptance != AcceptanceLimits()

    def without_exposures(self) -> StackPlan:
        """Return what holds for another stack too: acceptance limits and source detection."""
        return StackPlan(acceptance=self.acceptance, detection=self.detection)
