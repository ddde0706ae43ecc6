"""Stems and their distinctness."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.io.names import distinct_stems, file_stem, is_fits_name


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a.fits", "a"),
        ("a.fit", "a"),
        ("a.fits.fz", "a"),
        ("a.FITS.GZ", "a"),
        ("a.fz", "a"),
        ("a.mini.fits", "a.mini"),
        ("a.fits.fits", "a.fits"),
        (".fits", ".fits"),
        ("a.dat", "a.dat"),
    ],
)
def test_stems(name, stem):
    assert file_stem(Path("/x") / name) == stem


@pytest.mark.parametrize("name", ["a.fits", "A.FIT", "a.fts", "a.fits.gz", "a.fz", "a.fit.bz2"])
def test_fits_names(name):
    assert is_fits_name(name)


@pytest.mark.parametrize("name", ["a.txt", ".a.fits", "fits", "a.gz", "report.ecsv", "a.fits.part"])
def test_other_names(name):
    assert not is_fits_name(name)


def test_equal_names_of_two_folders():
    stems, notes = distinct_stems([Path("n1/a.fits"), Path("n2/a.fits.gz"), Path("n1/b.fits")])
    assert stems == ["n1_a", "n2_a", "b"]
    assert notes == ["2 exposures are called a; named n1_a, n2_a"]


def test_equal_names_in_one_folder_are_numbered_round_a_taken_name():
    stems, notes = distinct_stems(
        [Path("a.fits"), Path("a.fit"), Path("a_2.fits"), Path("A.fits.gz")]
    )
    assert stems == ["a", "a_3", "a_2", "A_4"]
    assert len(notes) == 1


def test_distinct_names_stay():
    assert distinct_stems([Path("a.fits"), Path("b.fits")]) == (["a", "b"], [])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p", "q", "P", ""]), st.sampled_from(["a", "A", "a_2", "p_a", "b"])
        )
    )
)
def test_always_distinct_whatever_the_case(pairs):
    stems, _ = distinct_stems([Path(folder) / f"{name}.fits" for folder, name in pairs])
    assert len({stem.lower() for stem in stems}) == len(pairs)
