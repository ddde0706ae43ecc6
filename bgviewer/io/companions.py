"""Side-cars beside an exported exposure: copies, under names by which they are found again."""

from __future__ import annotations

import filecmp
import os
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from bgviewer.engine.progress import SILENT, Progress
from bgviewer.errors import ReadError, WriteError
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.names import file_stem
from bgviewer.io.read import describe
from bgviewer.io.sidecars import kind_of_word
from bgviewer.io.transaction import OutputGroup, atomic_output
from bgviewer.io.write import check_target

__all__ = ["companion_names", "copy_companion", "is_copy"]

_WORD = re.compile(r"[._-]([A-Za-z]+)$")
_PIECE = 1 << 22


@lru_cache(maxsize=4096)
def companion_names(
    source: Path, target: str, companions: tuple[Path, ...], choice: Choice = NO_CHOICE
) -> tuple[tuple[Path, str], ...]:
    """Return the side-cars of an exposure with the names their copies should have.

    Parameters
    ----------
    source : Path
        The exposure.
    target : str
        File name of the export.
    companions : tuple of Path
        What is used beside `source`.
    choice : Choice
        What the user said about it.

    Returns
    -------
    tuple of (Path, str)
        Side-cars for which there is no such name are left out.

    Notes
    -----
    Names are tried: whether the reader finds a copy is asked of the reader, in a folder of links.
    """
    if not companions:
        return ()
    found = []
    with tempfile.TemporaryDirectory(prefix="bgviewer-") as name:
        folder = Path(name)
        try:
            _link(source, folder / target)
            for companion in companions:
                for wanted in _candidates(source, target, companion):
                    _link(companion, folder / wanted)
                    if any(p.name == wanted for p in describe(folder / target, choice).companions):
                        found.append((companion, wanted))
                        break
                    (folder / wanted).unlink()
        except (OSError, ReadError):
            pass  # a system without links, or files that went away: what was found is told
    return tuple(found)


def _link(source: Path, target: Path) -> None:
    os.symlink(os.path.realpath(source), target)


def _candidates(source: Path, target: str, companion: Path) -> Iterator[str]:
    """Propose names: the added word after the exposure's stem, or at the end, or a suffix."""
    old, new, own = file_stem(source), file_stem(target), file_stem(companion)
    ending = companion.name[len(own) :]
    names = []
    if own.startswith(old):
        names.append(f"{new}{own[len(old) :]}{ending}")
    if old in new:
        before, after = new.split(old, 1)
        names.append(f"{before}{own}{after}{ending}")
    if match := _WORD.search(own):
        names.append(f"{new}_{match[1]}{ending}")
    names += [f"{new}_{w}{ending}" for w in re.split(r"[._-]", own) if kind_of_word(w)]
    if old in new:
        names.append(f"{new.split(old, 1)[0]}{companion.name}")
    names.append(companion.name)  # what belongs to several exposures
    yield from (n for n in dict.fromkeys(names) if n != target)


def is_copy(source: Path, target: Path) -> bool:
    """Whether `target` is there already with the bytes of `source`."""
    try:
        return target.is_file() and filecmp.cmp(source, target, shallow=False)
    except OSError:
        return False


def copy_companion(
    source: Path,
    target: Path,
    overwrite: bool,
    progress: Progress = SILENT,
    group: OutputGroup | None = None,
) -> Path:
    """Copy a side-car, whole or not at all; one that is there already with these bytes serves.

    Raises
    ------
    ReadError, WriteError
        In one sentence.
    """
    try:
        if is_copy(source, target):
            return target
        check_target(target, inputs=[source], overwrite=overwrite)
        with (
            open(source, "rb") as held,
            atomic_output(target, overwrite, group, shared=True) as (out, _),
        ):
            while piece := held.read(_PIECE):
                progress.step()
                out.write(piece)
    except WriteError:
        if not is_copy(source, target):  # another thread may have written the same one
            raise
    except ReadError:
        raise
    except OSError as exc:
        why = f"cannot be opened ({exc.strerror or exc})"
        raise ReadError(source, why, id="E_MISSING") from exc
    return target
