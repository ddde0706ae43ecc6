"""What is in a file, what could be chosen, and what a choice would give."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.reading import Reading
from bgviewer.io.remembered import Memory
from bgviewer.tasks.file_contents import file_contents
from bgviewer.tasks.import_preview import preview_import
from tests.raw_files import SHAPE, SIGMA, write_chips, write_pairs


def test_a_file_that_asks_tells_what_can_be_chosen(tmp_path):
    paths = write_chips(tmp_path)
    stranger = write_chips(tmp_path / "other", 1, "OTHER")[0]
    found = file_contents(paths[0], [*paths, stranger])
    assert "holds 2 images" in found.problem and found.recognised == {}
    assert [(h.index, h.name, h.kind, h.size) for h in found.hdus] == [
        (0, "", "no data", ""),
        (1, "CCD1", "image", "80 × 96"),
        (2, "CCD2", "image", "80 × 96"),
    ]
    assert [(o.hdu, o.layer) for o in found.images] == [(1, None), (2, None)]
    assert found.same == (paths[1], paths[2])
    assert found.who.instrument == "TESTCAM" and found.remembered is None


def test_what_was_recognised_is_said_in_words(tmp_path):
    path = tmp_path / "x.fits"
    values = {"SCI": 5.0, "ERR": 2.0, "DQ": 0}
    hdus = [
        fits.ImageHDU(np.full((8, 9), v, "i2" if n == "DQ" else "f4"), name=n)
        for n, v in values.items()
    ]
    fits.HDUList([fits.PrimaryHDU(), *hdus, *[fits.BinTableHDU()]]).writeto(path)
    found = file_contents(path)
    assert found.problem == "" and found.recognised["image"] == "HDU 1 SCI"
    assert found.recognised["noise"] == "HDU 2 ERR, sigma"
    assert found.recognised["mask"].startswith("HDU 3 DQ")
    assert found.hdus[4].kind == "table"
    assert {p.value for p in found.places} == {"1", "2", "3"}


def test_files_beside_it_are_offered_exposures_of_the_stack_are_not(tmp_path):
    paths = write_pairs(tmp_path)
    multi = fits.HDUList([fits.PrimaryHDU(), *(fits.ImageHDU(np.zeros(SHAPE, "f4")),) * 2])
    multi.writeto(tmp_path / "img_0.bpm.fits")
    values = [p.value for p in file_contents(paths[0], paths).places]
    assert values[:3] == ["0", "img_0.bpm.fits[1]", "img_0.bpm.fits[2]"]
    assert set(values[3:]) == {f"u-img_{n}-spread.fits" for n in range(3)}


def test_what_holds_now_and_what_is_remembered_is_told(tmp_path):
    path = write_chips(tmp_path, 1)[0]
    who = file_contents(path).who
    memory = Memory().having(who, Choice(hdu=2), "2026-03-01")
    found = file_contents(path, (), Reading(memory=memory))
    assert found.choice == Choice(hdu=2) and found.remembered.date == "2026-03-01"
    found = file_contents(path, (), Reading(given={path: Choice(hdu=1)}, memory=memory))
    assert found.choice == Choice(hdu=1) and found.remembered is not None


def test_what_cannot_be_opened_is_told(tmp_path):
    path = tmp_path / "x.fits"
    path.write_bytes(b"nothing")
    found = file_contents(path)
    assert found.who is None and found.problem and found.images == ()
    assert preview_import(path, NO_CHOICE).problem == found.problem


@pytest.mark.parametrize(
    ("kind", "told"),
    [("sigma", SIGMA), ("variance", SIGMA**0.5), ("inverse variance", SIGMA**-0.5)],
)
def test_the_two_noise_figures_tell_the_kind(tmp_path, kind, told):
    path = write_pairs(tmp_path, 1)[0]
    found = preview_import(path, Choice(noise="u-img_0-spread.fits", noise_kind=kind))
    assert found.noise_told == pytest.approx(told, rel=1e-6)
    assert found.noise_seen == pytest.approx(SIGMA, rel=0.05)
    assert (found.variance_kind, found.shape, found.usable) == (kind, SHAPE, 1.0)


def test_masks_are_counted_and_taken_away(tmp_path):
    path = write_pairs(tmp_path, 1)[0]
    mask = np.zeros(SHAPE, "i4")
    mask[:24] = 4
    fits.PrimaryHDU(mask).writeto(tmp_path / "m.fits")
    as_bits = preview_import(path, Choice(mask="m.fits", mask_meaning="bits"), ("BIT2",))
    assert as_bits.planes["BIT2"] == 24 * 80 and as_bits.usable == 0.75
    as_codes = preview_import(path, Choice(mask="m.fits", mask_meaning="codes"), ("CODE4",))
    assert as_codes.planes["CODE4"] == 24 * 80 and as_codes.usable == 0.75
    none = preview_import(path, Choice(mask="none"))
    assert none.planes == {} and none.usable == 1.0
    wrong = preview_import(path, Choice(mask="absent.fits"))
    assert "absent.fits" in wrong.problem and wrong.shape is None


def test_without_a_usable_pixel_there_are_no_figures(tmp_path):
    path = tmp_path / "x.fits"
    fits.PrimaryHDU(np.full((8, 9), np.nan, "f4")).writeto(path)
    found = preview_import(path, NO_CHOICE)
    assert found.usable == 0 and np.isnan([found.level, found.noise_seen, found.noise_told]).all()
