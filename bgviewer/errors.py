"""Every error a person can meet; imports nothing of the package.

Each text says what was wrong, with the values, and what to do.  Anything that is *not* a
`BgviewerError` (or `Cancelled`) is a bug in the program.
"""

from __future__ import annotations

import errno
import math
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = [
    "NO_THREAD",
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
    "ResourceError",
    "ShapeMismatchError",
    "SidecarError",
    "UndersampledError",
    "WriteError",
    "is_out_of_resources",
    "resource_errors",
]


@dataclass(frozen=True)
class Remedy:
    """One click (or one flag) that mends a problem: new values for configuration fields."""

    text: str
    changes: tuple[tuple[str, Any], ...]


class BgviewerError(Exception):
    """Base of all errors that are about the user's data, settings or files.

    Errors survive `pickle` and `copy` with all their attributes, so that they pass between
    processes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: _portable(value) for name, value in self.__dict__.items()}
        return _restored, (type(self), tuple(_portable(a) for a in self.args), state)


def _restored(
    kind: type[BgviewerError], args: tuple[Any, ...], state: dict[str, Any]
) -> BgviewerError:
    """Make an error without its constructor, which takes other arguments than `args`."""
    error = kind.__new__(kind, *args)
    error.args = args  # OSError leaves this to its constructor
    error.__dict__.update(state)
    return error


def _portable(value: Any) -> Any:
    """Return `value`, or its `repr` where it cannot be pickled."""
    try:
        pickle.dumps(value)
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return repr(value)
    return value


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


class ResourceError(MemoryError, BgviewerError):
    """The system gave no more memory or no more threads; the text says how much was needed."""

    id = "E_MEMORY"


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


NO_THREAD = "can't start new thread"
"""What Python says when the system starts no more threads."""
_NOT_LOADED = ("failed to map segment", "annot allocate memory")
_UNSAID = "without exception set"
_LARGER = "Close other programs, raise the limit or use smaller images"


@contextmanager
def resource_errors() -> Iterator[None]:
    """Raise `ResourceError` where the block runs out of memory or threads.

    Examples
    --------
    >>> with resource_errors():  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     raise MemoryError
    Traceback (most recent call last):
    bgviewer.errors.ResourceError: not enough memory.
    """
    try:
        yield
    except BgviewerError:
        raise
    except (MemoryError, ImportError, OSError, SystemError) as error:
        if not _is_memory(error):
            raise
        text = f"not enough memory{_needed(error)}. {_LARGER}"
        raise ResourceError(text) from error
    except RuntimeError as error:
        if NO_THREAD not in str(error):
            raise
        text = "the system started no more threads: 1 was needed. Raise the limit of processes"
        raise ResourceError(f"{text} (ulimit -u) or of memory (ulimit -v)") from error


def is_out_of_resources(error: BaseException) -> bool:
    """Whether an error says that memory or threads ran out, not that the data are wrong."""
    return isinstance(error, ResourceError) or getattr(error, "id", None) == "E_MEMORY"


def _is_memory(error: BaseException) -> bool:
    """Whether memory ran out: libraries that are loaded late, and C code, say it in other ways."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, ImportError):
        return any(text in str(error) for text in _NOT_LOADED)
    return isinstance(error, MemoryError) or _UNSAID in str(error)


def _needed(error: BaseException) -> str:
    """Say how much NumPy asked for; Python itself does not say."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if shape is None or dtype is None:
        return ""
    wanted = math.prod(shape) * dtype.itemsize
    return f": {wanted / 1e6:.1f} MB were needed for an array of {'x'.join(map(str, shape))}"
