"""What a person has decided about a stack beside the settings all exposures share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bgviewer.engine.config import MatchConfig
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
    """

    excluded: frozenset[str] = frozenset()
    regions: tuple[Region, ...] = ()
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def config_for(self, exposure: str, shared: MatchConfig) -> MatchConfig:
        """Return the settings an exposure is matched with."""
        changes = self.own.get(exposure)
        return shared.replace(**changes) if changes else shared

    def regions_for(self, exposure: str) -> tuple[Region, ...]:
        """Return the regions that are ignored in an exposure."""
        return tuple(r for r in self.regions if r.exposure in (None, exposure))

    @property
    def is_empty(self) -> bool:
        """Whether nothing was decided."""
        return not (self.excluded or self.regions or self.own)
