"""Files, folders and lists."""

from __future__ import annotations

import pytest

from bgviewer.errors import ReadError
from bgviewer.io.discover import find_files


def test_a_folder_is_scanned_sorted_without_what_is_not_ours_to_read(make):
    for name in ("b.fits", "a.fit", "c.fits.gz"):
        make.plain(name)
    make.copy(make.folder / "a.fit", "note.txt")
    make.copy(make.folder / "a.fit", ".hidden.fits")
    make.copy(make.folder / "a.fit", "deeper/d.fits")
    files, notes = find_files(make.folder)
    assert [path.name for path in files] == ["a.fit", "b.fits", "c.fits.gz"]
    assert notes == []


def test_own_outputs_are_left_out_of_folders_but_not_when_named(make):
    make.plain("a.fits")
    own = make.plain("a_matched.fits", cards={"BGVVERS": "0.1"})
    files, notes = find_files([make.folder])
    assert [path.name for path in files] == ["a.fits"]
    assert notes == ["1 file written by bgviewer left out; name the files to load them"]
    assert find_files([own])[0] == [own]


def test_a_folder_of_own_outputs(make):
    make.plain("a_matched.fits", cards={"BGVVERS": "0.1"})
    with pytest.raises(ReadError, match="1 written by bgviewer") as caught:
        find_files(make.folder)
    assert caught.value.id == "E_NO_FILES"


def test_list_file(make):
    make.plain("one.fits")
    make.plain("sub/two.fits")
    listing = make.folder / "list.txt"
    listing.write_text("# a comment\n\none.fits\n  sub/two.fits  \nsub\n")
    files, notes = find_files([f"@{listing}"])
    assert [path.name for path in files] == ["one.fits", "two.fits", "two.fits"]
    assert notes == ["two.fits is given 2 times"]


@pytest.mark.parametrize(
    ("content", "id_"),
    [(None, "E_MISSING"), (b"\xff\xfe\x00", "E_NO_FILES"), (b"# x\n", "E_NO_FILES")],
)
def test_bad_lists(make, content, id_):
    listing = make.folder / "list.txt"
    if content is not None:
        listing.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        find_files(f"@{listing}")
    assert caught.value.id == id_


def test_nothing_there(make, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ReadError, match="holds no FITS files") as caught:
        find_files(empty)
    assert caught.value.id == "E_NO_FILES"
    with pytest.raises(ReadError, match="cannot be opened") as caught:
        find_files([tmp_path / "missing.fits"])
    assert caught.value.id == "E_MISSING"
    with pytest.raises(ReadError, match="no file or folder"):
        find_files([])


def test_one_bad_name_among_good_ones(make, tmp_path):
    good = make.plain()
    empty = tmp_path / "empty"
    empty.mkdir()
    files, notes = find_files([good, tmp_path / "missing.fits", empty])
    assert [path.name for path in files] == ["plain.fits", "missing.fits"]
    assert len(notes) == 1
    assert "holds no FITS files" in notes[0]


def test_progress_can_stop_the_scan(make):
    make.plain()

    class Stop:
        def step(self, fraction=None, text=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_files(make.folder, progress=Stop())
