"""A short fuzz run; the long one is ``python -m tests.fuzz --files 20000``."""

from __future__ import annotations

import pytest

from bgviewer.errors import ReadError, SidecarError
from bgviewer.io.read import describe, read
from tests import fuzz
from tests.fuzz_seeds import generated_seeds


@pytest.mark.timeout(300)
def test_damaged_files_are_refused_or_read():
    summary = fuzz.run(range(500), real=False)
    assert not summary.findings, "\n".join(summary.lines())
    assert summary.outcomes.total() == 500
    # The damage is of both kinds: what is noticed and what is not.
    assert 50 < summary.outcomes["read"] < 450


def test_a_number_is_always_the_same_file():
    seeds = generated_seeds()
    for number in range(0, 200, 7):
        assert fuzz.damaged(seeds, number) == fuzz.damaged(seeds, number)


def test_the_seeds_are_good_files(tmp_path):
    for seed in generated_seeds():
        folder = tmp_path / seed.name.replace("/", "_")
        folder.mkdir()
        for name, data in seed.files:
            (folder / name).write_bytes(data)
        path = folder / seed.files[0][0]
        if seed.name == "background_list.fits":
            with pytest.raises(SidecarError):
                describe(path)
        elif seed.name == "table.fits":
            with pytest.raises(ReadError):
                describe(path)
        elif seed.name in ("hst_two_chips.fits", "chips.fits", "rgb.fits", "cube.fits"):
            with pytest.raises(ReadError) as caught:
                describe(path)
            assert caught.value.choices
        else:
            read(path)
