"""Output files that get their names together: all of them or none, whatever happens meanwhile.

Files are written beside their targets under temporary names.  `OutputGroup.commit` renames them; of
several files a journal is written first and the earlier files are kept aside until all are
renamed, so that a failure is undone at once and a killed run is completed by `recover`.

Temporary names hold host, process and a token of the group, and the files are locked while their
writer lives: `recover` touches nothing that is still being written, and no file of others.
"""

from __future__ import annotations

import errno
import filecmp
import json
import os
import re
import secrets
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO

from bgviewer.errors import BgviewerError, WriteError

try:
    import fcntl
except ImportError:  # Windows: an open file cannot be removed there
    fcntl = None  # type: ignore[assignment]

__all__ = ["EXISTS", "OutputGroup", "Recovered", "atomic_output", "reason_of", "recover"]

EXISTS = "exists already; allow overwriting to replace it"

_NAME = re.compile(
    r"\.(?:.*\.)?bgviewer-(?P<owner>[0-9a-f]{8}-\d{1,10}-[0-9a-f]{12})(?:-\d+)?"
    r"\.(?P<kind>part|old|commit|undo)",
    re.DOTALL,
)
_SHOWN_BYTES = 80  # of the target's name in the temporary one; names are limited to 255 bytes
_RACE_SECONDS = 60.0  # longer than a writer needs from making a file to locking it
_FOREIGN_SECONDS = 3600.0  # for files of other machines, whose processes cannot be looked up
_UNLOCKED_SECONDS = 86400.0  # where the file system has no locks

_REASONS = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "no space left on the device (the quota is used up)",
    errno.EFBIG: "the file is larger than the file system or a limit allows",
    errno.EACCES: "the folder cannot be written to",
    errno.EPERM: "the folder cannot be written to",
    errno.EROFS: "the folder cannot be written to (the file system is read-only)",
    errno.ENAMETOOLONG: "the name is too long for the file system; use a shorter one",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ELOOP: "the path holds a link that leads to itself",
    errno.EISDIR: "is a folder",
    errno.EILSEQ: "the file system does not take the characters of the name",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}


def reason_of(error: OSError) -> str:
    """Return in a few words why the system could not write."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


@dataclass
class _Output:
    """One file of a group: where it is now, where it goes, where the earlier one is kept."""

    temporary: Path
    target: Path
    backup: Path
    overwrite: bool
    shared: bool
    lock: int | None = None
    existed: bool = False

    def release(self) -> None:
        if self.lock is not None:
            with suppress(OSError):
                os.close(self.lock)
            self.lock = None


class OutputGroup:
    """Files of one folder that appear together or not at all.

    Use it as a context manager: at the end of the block all files get their names; after an
    exception none does, and earlier files of these names stay as they were.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with OutputGroup() as group:
    ...     for name in ("a", "b"):
    ...         with group.open(folder / name) as (out, _):
    ...             _ = out.write(b"text")
    >>> sorted(os.listdir(folder))
    ['a', 'b']
    """

    def __init__(self) -> None:
        self._owner = f"{_host()}-{os.getpid()}-{secrets.token_hex(6)}"
        self._outputs: list[_Output] = []
        self._count = 0

    def __enter__(self) -> OutputGroup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.commit()
        else:
            self.discard()

    @contextmanager
    def open(
        self, path: Path, overwrite: bool = False, *, shared: bool = False
    ) -> Iterator[tuple[IO[bytes], Path]]:
        """Give a temporary file that becomes `path` when the group is committed.

        Parameters
        ----------
        path : Path
        overwrite : bool
            Whether an earlier file may be replaced.
        shared : bool
            An equal file may appear there meanwhile; it serves as well.

        Yields
        ------
        (binary file, Path)
            The open file and its temporary name.

        Raises
        ------
        WriteError
            For every failure of the system, such as a full disk, in one sentence.
        """
        self._count += 1
        number, shown = self._count, _shortened(path.name)
        names = (f".{shown}.bgviewer-{self._owner}-{number}.{kind}" for kind in ("part", "old"))
        temporary, backup = (path.with_name(name) for name in names)
        output = _Output(temporary, path, backup, overwrite, shared)
        done = False
        try:
            with _system_errors(path):
                # Opened by hand so that the mode follows the umask, which mkstemp does not.
                flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
                with os.fdopen(os.open(temporary, flags, 0o666), "w+b") as out:
                    output.lock = _locked(out.fileno())
                    yield out, temporary
                    out.flush()
                    os.fsync(out.fileno())
            self._outputs.append(output)
            done = True
        finally:
            if not done:
                output.release()
                _remove(temporary)

    def discard(self) -> None:
        """Remove what was written under temporary names; earlier files stay."""
        outputs, self._outputs = self._outputs, []
        for output in outputs:
            output.release()
            _remove(output.temporary)

    def commit(self) -> None:
        """Give all files their names.

        Raises
        ------
        WriteError
            When one of them cannot get it; then everything is as it was before.
        """
        try:
            self._outputs = [o for o in self._outputs if not _serves_already(o)]
            for output in self._outputs:
                output.existed = os.path.lexists(output.target)
                if output.existed and not output.overwrite:
                    raise WriteError(output.target, EXISTS, id="E_EXISTS")
                if fcntl is None:
                    output.release()
            if len(self._outputs) == 1:
                with _system_errors(self._outputs[0].target):
                    os.replace(self._outputs[0].temporary, self._outputs[0].target)
            elif self._outputs:
                self._rename_all()
        finally:
            folders = {output.target.parent for output in self._outputs}
            self.discard()  # what was renamed is no longer there
        for folder in folders:
            _sync_folder(folder)

    def _rename_all(self) -> None:
        folder = self._outputs[0].target.parent
        if any(output.target.parent != folder for output in self._outputs):
            raise ValueError("the files of a group must go to one folder")
        journal = folder / f".bgviewer-{self._owner}.commit"
        record = [
            [o.temporary.name, o.target.name, o.backup.name, o.existed] for o in self._outputs
        ]
        lock = None
        try:
            with _system_errors(self._outputs[0].target):
                flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0)
                with os.fdopen(os.open(journal, flags, 0o666), "wb") as out:
                    lock = _locked(out.fileno())
                    out.write(json.dumps(record).encode("ascii"))
                    out.flush()
                    os.fsync(out.fileno())
                _sync_folder(folder)
            for output in self._outputs:
                with _system_errors(output.target):
                    _replace(output)
        except BaseException:
            _undo(journal, self._outputs)
            raise
        else:
            _finish(journal, self._outputs)
        finally:
            if lock is not None:
                os.close(lock)


@contextmanager
def atomic_output(
    path: Path, overwrite: bool, group: OutputGroup | None = None, *, shared: bool = False
) -> Iterator[tuple[IO[bytes], Path]]:
    """Give a temporary file beside `path`; rename it when the block ends well, else remove it.

    Parameters
    ----------
    path : Path
    overwrite : bool
        Whether an earlier file may be replaced.
    group : OutputGroup, optional
        Files that get their names together with this one, when the group is committed.
    shared : bool
        As for `OutputGroup.open`.

    Yields
    ------
    (binary file, Path)
        The open file and its temporary name.

    Raises
    ------
    WriteError
        For every failure of the system, such as a full disk, in one sentence.
    """
    if group is not None:
        with group.open(path, overwrite, shared=shared) as opened:
            yield opened
        return
    with OutputGroup() as own, own.open(path, overwrite, shared=shared) as opened:
        yield opened


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a `WriteError` about `path`."""
    try:
        yield
    except BgviewerError:
        raise
    except OSError as exc:
        raise WriteError(path, f"cannot be written: {reason_of(exc)}") from exc
    except MemoryError as exc:
        raise WriteError(path, "cannot be written: not enough memory") from exc


def _shortened(name: str) -> str:
    """Return the beginning of a name, cut between characters of the system's encoding."""
    while len(os.fsencode(name)) > _SHOWN_BYTES:
        name = name[:-1]
    return name


def _host() -> str:
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return f"{zlib.crc32(name.encode('utf-8', 'surrogateescape')):08x}"


def _locked(descriptor: int) -> int | None:
    """Lock an open file; return what holds the lock after the file is closed, until it is too."""
    if fcntl is None:
        return None
    held = os.dup(descriptor)
    with suppress(OSError):  # a file system without locks
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def _remove(path: Path) -> None:
    with suppress(OSError):  # nothing to clean up where nothing could be made
        path.unlink(missing_ok=True)


def _serves_already(output: _Output) -> bool:
    """Whether an equal file has got the name meanwhile; the new one is dropped then."""
    if not output.shared or not os.path.isfile(output.target):
        return False
    with suppress(OSError):
        if filecmp.cmp(output.temporary, output.target, shallow=False):
            output.release()
            _remove(output.temporary)
            return True
    return False


def _replace(output: _Output) -> None:
    """Keep the earlier file aside and give the new one its name."""
    if output.existed:
        if output.target.is_dir() and not output.target.is_symlink():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            os.link(output.target, output.backup, follow_symlinks=False)
        except (OSError, NotImplementedError):  # a file system without hard links
            os.rename(output.target, output.backup)
    os.replace(output.temporary, output.target)


def _finish(journal: Path, outputs: Iterable[_Output]) -> None:
    """Let go of the earlier files, and of the journal when none of them is left."""
    for output in outputs:
        _remove(output.backup)
    if not any(os.path.lexists(output.backup) for output in outputs):
        _remove(journal)


def _undo(journal: Path, outputs: Iterable[_Output]) -> None:
    """Put back the earlier files; the journal stays for the next run where that fails."""
    undo = journal.with_suffix(".undo")
    with suppress(OSError):
        os.replace(journal, undo)
    complete = True
    for output in reversed(list(outputs)):
        try:
            _put_back(output)
        except OSError:
            complete = False
    if complete:
        _remove(undo)
        _remove(journal)


def _put_back(output: _Output) -> None:
    if os.path.lexists(output.backup):
        os.replace(output.backup, output.target)
        # Two names of one file: the system leaves both.
        output.backup.unlink(missing_ok=True)
    elif not output.existed and not os.path.lexists(output.temporary):
        output.target.unlink(missing_ok=True)


@dataclass(frozen=True)
class Recovered:
    """What runs that were killed had left in a folder.

    Attributes
    ----------
    removed : tuple of str
        Names of temporary files that were removed.
    completed : tuple of str
        Names of files that had been written in full and have got their names now.
    """

    removed: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each."""
        notes = []
        if self.completed:
            names = ", ".join(self.completed)
            notes.append(f"completed what a killed run had written in full: {names}")
        if self.removed:
            count = len(self.removed)
            what = "1 temporary file" if count == 1 else f"{count} temporary files"
            notes.append(f"removed {what} of a killed run: {', '.join(self.removed)}")
        return tuple(notes)


@dataclass
class _Leftover:
    """Temporary files of one group."""

    files: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def all(self) -> list[Path]:
        return [path for paths in self.files.values() for path in paths]


def recover(folder: str | os.PathLike[str]) -> Recovered:
    """Remove, or complete, what killed runs of bgviewer have left in a folder.

    Only files with bgviewer's own temporary names count, and only where their writer is gone.
    What cannot be removed stays; nothing is raised.
    """
    folder = Path(folder)
    removed: list[str] = []
    completed: list[str] = []
    for owner, leftover in _leftovers(folder).items():
        if not _is_dead(owner, leftover.all):
            continue
        if not _roll(folder, owner, leftover, completed):
            continue  # the next run tries again
        for path in leftover.all:
            if path.suffix in (".part", ".old") and os.path.lexists(path):
                _remove(path)
                if not os.path.lexists(path):
                    removed.append(path.name)
    return Recovered(tuple(sorted(removed)), tuple(sorted(completed)))


def _leftovers(folder: Path) -> dict[str, _Leftover]:
    found: dict[str, _Leftover] = {}
    with suppress(OSError), os.scandir(folder) as items:
        for item in items:
            match = _NAME.fullmatch(item.name)
            if match is not None and item.is_file(follow_symlinks=False):
                files = found.setdefault(match["owner"], _Leftover()).files
                files.setdefault(match["kind"], []).append(folder / item.name)
    return found


def _roll(folder: Path, owner: str, leftover: _Leftover, completed: list[str]) -> bool:
    """Do what is left to do of a journal; return whether nothing is left."""
    try:
        for journal in leftover.files.get("commit", []):
            for output in (outputs := _recorded(folder, owner, journal)):
                if _complete(output):
                    completed.append(output.target.name)
            _finish(journal, outputs)
        for journal in leftover.files.get("undo", []):
            for output in (outputs := _recorded(folder, owner, journal)):
                _put_back(output)
            _finish(journal, outputs)
    except OSError:
        return False
    return True


def _recorded(folder: Path, owner: str, journal: Path) -> list[_Output]:
    """Return the files that a journal names; none of one that was not finished."""
    outputs = []
    try:
        for temporary, target, backup, existed in json.loads(journal.read_bytes()):
            matches = [_NAME.fullmatch(name) for name in (temporary, backup)]
            own = all(match is not None and match["owner"] == owner for match in matches)
            if not own or os.path.basename(target) != target:
                return []
            paths = (folder / temporary, folder / target, folder / backup)
            outputs.append(_Output(*paths, True, False, existed=bool(existed)))
    except (ValueError, TypeError):
        return []  # killed while the journal was written: nothing was renamed yet
    return outputs


def _complete(output: _Output) -> bool:
    """Give a file its name, unless it has it or somebody else has made one of that name since."""
    if not os.path.lexists(output.temporary):
        return False
    if os.path.lexists(output.target) and not output.existed:
        return False
    os.replace(output.temporary, output.target)
    return True


def _is_dead(owner: str, paths: Iterable[Path]) -> bool:
    """Whether the process that made the files is gone."""
    host, pid, _ = owner.split("-")
    newest, lockable = 0.0, True
    for path in paths:
        try:
            newest = max(newest, os.lstat(path).st_ctime)
            if path.suffix != ".old" and not _lock_is_free(path):
                return False
        except OSError as exc:
            if exc.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL):
                return False  # gone meanwhile, or not ours to judge
            lockable = False
    age = time.time() - newest
    if host != _host():
        return age > (_FOREIGN_SECONDS if lockable else _UNLOCKED_SECONDS)
    if fcntl is not None and int(pid) != os.getpid() and not _runs(int(pid)):
        return True
    return age > (_RACE_SECONDS if lockable else _UNLOCKED_SECONDS)


def _lock_is_free(path: Path) -> bool:
    """Whether nobody holds the lock of a file.

    Raises
    ------
    OSError
        Where that cannot be found out.
    """
    if fcntl is None:
        raise OSError(errno.ENOTSUP, "no locks here")
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # not every system opens folders; the file itself is synced
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
