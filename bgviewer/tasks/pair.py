"""The part of two exposures of a stack that is matched, and what lies outside of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.continued import ContinuedModel
from bgviewer.engine.exposure import Exposure
from bgviewer.engine.extent import Extent
from bgviewer.engine.fitting import Adjustment, Model
from bgviewer.engine.matching import MatchResult, match_images
from bgviewer.engine.overlap import PairOverlap, pair_overlap
from bgviewer.engine.progress import SILENT, Progress
from bgviewer.io.stack import ExposureStack
from bgviewer.tasks.support import support_of

__all__ = ["PairPart", "read_pair"]


@dataclass(frozen=True, eq=False)
class PairPart:
    """Two exposures as they are matched.

    Attributes
    ----------
    reference, science : Exposure
        Cut to their overlap where the stack has exposures of different extent.
    whole : Exposure
        The science exposure at its own extent.
    reference_extent : Extent
        Of the whole reference.
    """

    reference: Exposure
    science: Exposure
    whole: Exposure
    reference_extent: Extent

    @classmethod
    def of(cls, stack: ExposureStack, reference: Exposure, science: Exposure) -> PairPart:
        """Cut a pair of a stack to what is matched.

        Raises
        ------
        NoOverlapError
            When they have no pixel in common.
        """
        return cls(*stack.common_part(reference, science), science, Extent.of(reference))

    @property
    def shift(self) -> tuple[int, int]:
        """``(dx, dy)``: where the matched part begins in the whole science exposure."""
        (x0, y0), (x, y) = self.whole.xy0, self.science.xy0
        return x - x0, y - y0

    @property
    def outside(self) -> float:
        """Share, 0 to 1, of the science exposure's pixels outside of the matched part."""
        return 1.0 - self.science.image.size / self.whole.image.size

    def overlap(
        self, config: MatchConfig, progress: Progress = SILENT, threads: int | None = None
    ) -> PairOverlap:
        """Count how many good pixels of the whole science exposure the reference covers."""
        planes = config.bad_mask_planes
        return pair_overlap(
            self.reference, self.science, planes, self.whole, progress=progress, threads=threads
        )

    def extrapolated(self, result: MatchResult) -> float:
        """Return the share, 0 to 1, of the whole science exposure where no cell carries the model.

        That is all outside of the matched part, and in it what `Support` says.
        """
        support = support_of(result.cells, result.difference.xy0)
        return self.outside + (1.0 - self.outside) * support.extrapolated(result.difference.shape)

    def over_the_whole(self, model: Model) -> Model:
        """Return the model of the matched part as one of the whole science exposure."""
        if self.whole.shape == self.science.shape:
            return model
        return ContinuedModel(model, self.whole.shape, self.shift)

    def match(self, config: MatchConfig, **options: Any) -> MatchResult:
        """Match the part, `options` as for `match_images`; nothing is completed yet."""
        result = match_images(self.reference, self.science, config, complete=False, **options)
        return self.noted(result)

    def noted(self, result: MatchResult) -> MatchResult:
        """Return the result with what was done to the pair before; the same where nothing was."""
        changed = self.adjustments
        return replace(result, prepared=changed) if changed else result

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """What was cut, and how much of the science exposure the model is continued over."""
        found = []
        part = Extent.of(self.science)
        if self.outside > 0:
            ny, nx = self.whole.shape
            found.append(
                Adjustment(
                    "extrapolated",
                    f"{nx} x {ny}",
                    f"{part.nx} x {part.ny}",
                    f"matched on the overlap with the reference, {part.nx} × {part.ny} pixels; "
                    f"over the other {100 * self.outside:.3g} % of the exposure the model is "
                    "continued",
                )
            )
        elif self.reference_extent != part and self.reference.image is not self.science.image:
            ny, nx = self.reference_extent.shape
            found.append(
                Adjustment(
                    "reference_cut",
                    f"{nx} x {ny}",
                    f"{part.nx} x {part.ny}",
                    f"matched on {part.nx} × {part.ny} of the reference's {nx} × {ny} pixels: "
                    "all that the exposure covers",
                )
            )
        return tuple(found)


def read_pair(
    stack: ExposureStack, reference: int, science: int, progress: Progress = SILENT
) -> PairPart:
    """Read two exposures and cut them to what is matched.

    Raises
    ------
    BgviewerError
        When one cannot be read, or they have no pixel in common.
    """
    first = stack.read(reference, progress=progress)
    return PairPart.of(stack, first, stack.read(science, progress=progress))
