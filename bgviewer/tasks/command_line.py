"""The command line that does what the window is set to."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.engine.detection import Detection

__all__ = ["match_command"]


def match_command(
    paths: Sequence[Path],
    output: Path,
    config: MatchConfig,
    *,
    reference: str | None = None,
    zero_point: str | float = "auto",
    settings: Path | None = None,
    detection: Detection | None = None,
    align: bool = False,
) -> str:
    """Return a ``bgviewer match`` line, quoted for a shell.

    Parameters
    ----------
    settings : Path, optional
        File that holds all settings; without it each that is not the default is named.
    detection : Detection, optional
        How sources are detected.
    align : bool
        Whether exposures of other pixel grids are re-projected.

    Notes
    -----
    Exclusions, regions and own settings of exposures go through `settings` only.
    """
    words = ["bgviewer", "match", *map(str, paths), "-o", str(output)]
    if reference is not None:
        words += ["--reference", reference]
    if settings is not None:
        words += ["--config", str(settings)]
    else:
        for opt in OPTIONS.values():
            value = getattr(config, opt.name)
            if value != opt.default:
                words += ["-c", f"{opt.lsst_name}={_word(value)}"]
        if detection is not None:
            words += [
                f"--detect={_word(detection.sigma)}",
                f"--detect-min-area={detection.min_area}",
                f"--detect-grow={detection.grow}",
            ]
        if align:
            words.append("--align")
    if zero_point != "auto":
        words.append(f"--zero-point={_word(zero_point)}")
    return shlex.join(words)


def _word(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)
