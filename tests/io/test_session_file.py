"""Sessions: written, moved, read again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.regions import Region
from bgviewer.errors import ConfigError, WriteError
from bgviewer.io.config_file import read_any
from bgviewer.io.session_file import SavedSession, is_session, read_session, write_session

PLAN = StackPlan(
    frozenset({"b"}),
    (Region("box", (1, 2, 3, 4, 0), "a"),),
    {"a": {"bin_size": 99}},
    ignore_masked=True,
)


@pytest.fixture
def saved(tmp_path: Path) -> SavedSession:
    folder = tmp_path / "night" / "data"
    folder.mkdir(parents=True)
    paths = tuple(folder / f"{name}.fits" for name in "ab")
    for path in paths:
        path.write_bytes(b"x" * 10)
    config = MatchConfig(bin_size=64, bad_mask_planes=("SAT",))
    return SavedSession(paths, config, PLAN, "a", "b", 27.5, "mask")


def test_all_comes_back(saved, tmp_path):
    path = write_session(tmp_path / "night" / "s.bgv.toml", saved)
    assert is_session(path)
    opened = read_session(path)
    assert opened.saved == saved and opened.remark == ""
    assert 'path = "data/a.fits"' in path.read_text()
    assert read_any(path)[0] == saved.config and read_any(path)[2] == PLAN


def test_a_moved_folder_is_found(saved, tmp_path):
    write_session(tmp_path / "night" / "s.bgv.toml", saved)
    (tmp_path / "night").rename(tmp_path / "day")
    opened = read_session(tmp_path / "day" / "s.bgv.toml")
    assert opened.saved.paths == tuple(tmp_path / "day" / "data" / f"{n}.fits" for n in "ab")


def test_a_moved_session_finds_the_files_where_they_lay(saved, tmp_path):
    path = write_session(tmp_path / "night" / "s.bgv.toml", saved)
    (tmp_path / "far" / "away").mkdir(parents=True)
    path = path.rename(tmp_path / "far" / "away" / "s.bgv.toml")
    assert read_session(path).saved.paths == saved.paths


def test_files_beside_the_session_are_found(saved, tmp_path):
    path = write_session(tmp_path / "night" / "s.bgv.toml", saved)
    for file in saved.paths:
        file.rename(path.parent / file.name)
    assert read_session(path).saved.paths == tuple(path.parent / f.name for f in saved.paths)


def test_missing_and_changed_files_are_told_in_one_sentence(saved, tmp_path):
    path = write_session(tmp_path / "s.bgv.toml", saved)
    saved.paths[0].unlink()
    saved.paths[1].write_bytes(b"longer than before")
    opened = read_session(path)
    assert (opened.missing, opened.changed) == (("a.fits",), ("b.fits",))
    assert opened.remark == (
        "1 of 2 files are missing: a.fits; changed since the session was saved: b.fits."
    )
    saved.paths[1].unlink()
    with pytest.raises(ConfigError, match="none of its 2 files is left"):
        read_session(path)


def test_nothing_is_written_over_unasked(saved, tmp_path):
    path = write_session(tmp_path / "s.bgv.toml", saved)
    with pytest.raises(WriteError):
        write_session(path, saved)
    write_session(path, saved, overwrite=True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"\[session\] is lacking"),
        ("[session]\nformat = 9", "format 9"),
        ("[session]\nformat = 1", "names no files"),
        ("[session]\nformat = 1\n[[session.files]]\nsize=3", "number 1: path is lacking"),
        ("not toml", "not valid TOML"),
    ],
)
def test_what_is_no_session_is_refused(text, says, tmp_path):
    path = tmp_path / "s.bgv.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_session(path)


def test_names_that_are_no_utf8_come_back(saved, tmp_path):
    odd = tmp_path / "night" / "data" / os.fsdecode(b"caf\xe9.fits")
    try:
        odd.write_bytes(b"x")
    except OSError:
        pytest.skip("the file system takes UTF-8 only")
    path = write_session(tmp_path / "s.bgv.toml", replace(saved, paths=(*saved.paths, odd)))
    assert read_session(path).saved.paths == (*saved.paths, odd)
    path = path.rename(tmp_path / "night" / "data" / "s.bgv.toml")
    assert read_session(path).saved.paths[-1] == odd
