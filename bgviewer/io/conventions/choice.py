"""What the user says about a file where the program can only guess."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOISE_KINDS", "NO_CHOICE", "Choice"]

NOISE_KINDS = ("variance", "sigma", "inverse variance", "weight", "none")
MASK_MEANINGS = ("bits", "codes", "nonzero", "positive", "none")


@dataclass(frozen=True)
class Choice:
    """Overrides of what a convention says; None leaves it as recognised.

    Attributes
    ----------
    hdu : int or None
        The image's HDU.
    layer : int or None
        Plane of a cube, counted from 0.
    mask, noise : str or None
        Where the mask or the uncertainty lies: ``"none"``, the number of an HDU of the file, or
        the name of a side-car in the same folder, with ``[n]`` after it for one of its HDUs.
    mask_meaning : str or None
        One of `MASK_MEANINGS`.
    noise_kind : str or None
        One of `NOISE_KINDS`.
    zero_point : float or None
        AB magnitude of one pixel unit.
    """

    hdu: int | None = None
    layer: int | None = None
    mask: str | None = None
    mask_meaning: str | None = None
    noise: str | None = None
    noise_kind: str | None = None
    zero_point: float | None = None

    @property
    def settles_mask(self) -> bool:
        """Whether the user said which mask to take, so that none has to be looked for."""
        return self.mask is not None or self.mask_meaning == "none"

    @property
    def settles_noise(self) -> bool:
        """Whether the user said which uncertainty to take."""
        return self.noise is not None or self.noise_kind == "none"


NO_CHOICE = Choice()
