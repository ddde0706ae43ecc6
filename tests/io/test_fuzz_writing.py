"""Damaged variations of the conventions, read and written back: one sentence or a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bgviewer.errors import ReadError, WriteError
from bgviewer.io.read import read
from bgviewer.io.write import write_matched
from bgviewer.tasks.inspect import inspect_file
from tests.fuzz import damaged
from tests.fuzz_seeds import Seed
from tests.io.conventions.variants import VARIANTS

FILES = 8
"""Of every variation."""


def seed_of(name: str, folder: Path) -> Seed:
    path = VARIANTS[name].make(folder)
    paths = [path, *(other for other in folder.iterdir() if other != path)]
    return Seed(name, tuple((other.name, other.read_bytes()) for other in paths))


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_but_our_errors(tmp_path, name):
    original = tmp_path / "original"
    original.mkdir()
    whole = seed_of(name, original)
    start = FILES * list(VARIANTS).index(name)
    for number in range(start, start + FILES):
        seed, what = damaged([whole], number)
        folder = tmp_path / str(number)
        folder.mkdir()
        for other, data in seed.files:
            (folder / other).write_bytes(data)
        path = folder / seed.files[0][0]
        record = inspect_file(path)
        if record["outcome"] != "exposure":
            assert record["error"]["text"], what
            continue
        target = folder / "matched.fits"
        try:
            write_matched(path, np.ones(record["shape"], "f4"), target)
        except (ReadError, WriteError) as error:
            assert "\n" not in str(error), what
            assert not target.exists(), what
        else:
            try:  # under another name it may be of another convention, but it is readable
                read(target)
            except ReadError as error:
                assert error.id.startswith("E_"), what
