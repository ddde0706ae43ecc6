"""Small text files that a user names: regular files of a bounded size, read whole."""

from __future__ import annotations

import errno
import math
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from bgviewer.errors import ConfigError

__all__ = ["read_small_file", "read_text_file", "read_toml"]

MOST_BYTES = 10_000_000
_DEEPEST = 32
_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DEEP_KEY = re.compile(
    rf"(?:^|[\[{{,])[ \t]*+{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_DEEPEST}}}", re.MULTILINE
)
"""A key of many parts, for which tomllib takes a time that grows with their square."""
_LARGEST = 1 << 63  # TOML 1.0: integers have 64 bits


def read_small_file(path: str | os.PathLike[str], most: int = MOST_BYTES) -> bytes:
    """Return the bytes of a regular file of at most `most` bytes.

    Raises
    ------
    OSError
        Also for what is no regular file, such as a pipe that nobody fills, and for a larger one.
    """
    try:
        # Opening a pipe must not wait for who fills it.
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except ValueError as exc:  # a zero byte in the name
        raise OSError(errno.EINVAL, str(exc)) from exc
    with open(handle, "rb") as file:
        kind = os.fstat(file.fileno()).st_mode
        if stat.S_ISDIR(kind):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(kind):
            raise OSError(errno.EINVAL, "it is no regular file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most / 1e6:g} MB")
    return data


def read_text_file(path: str | os.PathLike[str]) -> str:
    """Return a UTF-8 text, a byte order mark left out.

    Raises
    ------
    ConfigError
        Naming the file: it cannot be read or is no text.
    """
    try:
        return read_small_file(path).decode("utf-8-sig")
    except OSError as exc:
        raise ConfigError(f"{path}: cannot be opened ({exc.strerror or exc})") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{path}: is not a text file") from exc


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises
    ------
    ConfigError
        Naming the file: it cannot be read, is no TOML, nests too deeply or has a number that no
        setting can have.
    """
    text = read_text_file(path)
    if _DEEP_KEY.search(text):
        raise ConfigError(f"{Path(path)}: nests more than {_DEEPEST} levels deep")
    try:
        # tomllib ends lines at line feeds only, with or without a carriage return before them.
        values = tomllib.loads(text)
    except RecursionError as exc:
        raise ConfigError(f"{Path(path)}: nests more than {_DEEPEST} levels deep") from exc
    except ValueError as exc:  # a TOMLDecodeError, or a number of thousands of digits
        raise ConfigError(f"{Path(path)}: is not valid TOML: {exc}") from exc
    _check_values(path, values)
    return values


def _check_values(path: str | os.PathLike[str], values: dict[str, Any]) -> None:
    level: list[Any] = [values]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for held in level:
            if isinstance(held, dict):
                below.extend(held.values())
            elif isinstance(held, list):
                below.extend(held)
            elif isinstance(held, int) and not -_LARGEST <= held < _LARGEST:
                digits = int(held.bit_length() * math.log10(2)) + 1
                raise ConfigError(f"{path}: a number of about {digits} digits is too large")
        if not below:
            return
        level = below
    raise ConfigError(f"{path}: nests more than {_DEEPEST} levels deep")
