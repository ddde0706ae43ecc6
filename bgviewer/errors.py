"""Every error a person can meet; imports nothing of the package.

Each text says what was wrong, with the values, and what to do.  Anything that is *not* a
`BgviewerError` (or `Cancelled`) is a bug in the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = [
    "BgviewerError",
    "BgviewerWarning",
    "Cancelled",
    "ChooseError",
    "ConfigError",
    "FitError",
    "GridError",
    "NoOverlapError",
    "NoReferenceError",
    "ReadError",
    "Remedy",
    "ShapeMismatchError",
    "SidecarError",
    "UndersampledError",
    "WriteError",
]


@dataclass(frozen=True)
class Remedy:
    """One click (or one flag) that mends a problem: new values for configuration fields."""

    text: str
    changes: tuple[tuple[str, Any], ...]


class BgviewerError(Exception):
    """Base of all errors that are about the user's data, settings or files."""


class BgviewerWarning(UserWarning):
    """Issued by the Python API for arguments that are valid but probably not what was meant."""


class ConfigError(BgviewerError, ValueError):
    """An option is out of its range, or two options (or an option and the image) disagree.

    Attributes
    ----------
    field : str or None
        Snake-case name of the `MatchConfig` field.
    value : object
        What was asked for.
    reason : str
        The sentence without the field's name.
    remedies : tuple of Remedy
        Changes that would make the configuration valid, best first.
    id : str
        Stable identifier; ``"E_CONFIG_CODE"`` for a file with code instead of values.
    """

    def __init__(
        self,
        text: str,
        *,
        field: str | None = None,
        value: Any = None,
        reason: str | None = None,
        remedies: tuple[Remedy, ...] = (),
        id: str = "E_CONFIG",
    ) -> None:
        super().__init__(text)
        self.id = id
        self.field = field
        self.value = value
        self.reason = reason or text
        self.remedies = remedies


class ShapeMismatchError(BgviewerError):
    """Two exposures (or the planes of one) do not have the same number of pixels."""


class GridError(ShapeMismatchError):
    """Exposures do not lie on one pixel grid."""

    id = "E_GRID"


class NoOverlapError(BgviewerError, ValueError):
    """Reference and science share no good pixel: there is nothing to match."""

    id = "E_OVERLAP"


class UndersampledError(BgviewerError, ValueError):
    """Too few cells or bins with data for the wanted order or style."""


class FitError(BgviewerError):
    """The background model could not be made; the cause is chained."""


class NoReferenceError(BgviewerError, ValueError):
    """No exposure can serve as the reference."""


class _FileError(BgviewerError, OSError):
    """A file that could not be read or written.

    Attributes
    ----------
    path : str
        The file.
    reason : str
        The sentence without the file's name.
    id : str
        Stable identifier of the situation, such as ``"E_TRUNCATED"``.
    """

    def __init__(self, path: object, reason: str, *, id: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = str(path)
        self.reason = reason
        self.id = id

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class ReadError(_FileError):
    """A file could not be read as an exposure."""

    def __init__(self, path: object, reason: str, *, id: str = "E_MISSING") -> None:
        super().__init__(path, reason, id=id)


class ChooseError(ReadError):
    """A file holds several images (or planes) and the user has to say which one is meant.

    Attributes
    ----------
    choices : tuple of dict
        One per image: ``hdu``, ``plane`` (of a cube, else None), ``name``, ``shape`` [ny, nx] and
        ``text``.
    """

    def __init__(
        self, path: object, reason: str, *, id: str, choices: tuple[dict[str, Any], ...] = ()
    ) -> None:
        super().__init__(path, reason, id=id)
        self.choices = choices


class SidecarError(ReadError):
    """A file belongs to an exposure (mask, weight, model ...) and is none itself.

    Attributes
    ----------
    convention : str
        How it was recognised.
    """

    def __init__(self, path: object, reason: str, *, convention: str = "") -> None:
        super().__init__(path, reason, id="E_SIDECAR")
        self.convention = convention


class WriteError(_FileError):
    """A file could not be written; nothing half-written is left behind."""

    def __init__(self, path: object, reason: str, *, id: str = "E_WRITE") -> None:
        super().__init__(path, reason, id=id)


class Cancelled(Exception):  # noqa: N818 - a request by the user, not an error
    """The user stopped the work."""
