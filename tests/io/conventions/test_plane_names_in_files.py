"""Planes are found by the role that their EXTNAME says, and none is passed over in silence."""

from __future__ import annotations

import numpy as np
import pytest

from bgviewer.engine.config import DEFAULT_BAD_MASK_PLANES
from bgviewer.errors import ChooseError, ReadError, SidecarError
from bgviewer.io.conventions import Choice
from bgviewer.io.conventions.extnames import plane_name
from bgviewer.io.read import describe, read
from bgviewer.tasks.inspect import inspect_file
from tests.io.conftest import NX, NY
from tests.io.conventions.lookalikes import LOOKALIKES, extension, level, primary, save, sky


def block(value: int = 1 << 14) -> np.ndarray:
    """A mask that flags rows 2 to 4 by a bit that nobody names."""
    mask = np.zeros((NY, NX), "i4")
    mask[2:5] = value
    return mask


def planes() -> dict[str, np.ndarray]:
    """What a plane of each role holds for a standard deviation of 3."""
    return {
        "image": sky(),
        "mask": block(),
        "good pixels": (block() == 0).astype("i2"),
        "variance": level(9),
        "sigma": level(3),
        "uncertainty": level(3),
        "inverse variance": level(1 / 9),
        "other": level(77),
    }


def write(folder, *names: tuple[str, str], **cards):
    data = planes()
    hdus = [extension(name, data[role]) for name, role in names]
    return save(folder / "x.fits", primary(**cards), *hdus)


def check(exposure, convention: str | None = None) -> None:
    """The block is bad and nothing else, the variance is 9."""
    flagged = exposure.flagged(DEFAULT_BAD_MASK_PLANES)
    np.testing.assert_array_equal(flagged, block() != 0)
    np.testing.assert_allclose(exposure.variance, 9, rtol=1e-6)
    if convention is not None:
        assert exposure.source.convention == convention


@pytest.mark.parametrize(
    ("name", "role", "stem"),
    [
        ("SCI", "image", ("", "")),
        ("1-1.E.SCI", "image", ("1-1.E", "")),
        ("DET11.DQ", "mask", ("DET11", "")),
        ("MSK_0", "mask", ("", "0")),
        ("ERR2", "sigma", ("", "2")),
        ("2ERR", "sigma", ("2", "")),
        ("N4-WGT", "weight", ("N4", "")),
        ("BAD_PIXEL_MASK", "mask", ("", "")),
        ("DATA_QUALITY", "mask", ("", "")),
        ("INVERSE VARIANCE", "inverse variance", ("", "")),
        ("RMS_MAP", "sigma", ("", "")),
        ("MASK_IMAGE", "mask", ("", "")),
        ("SCI_0_MASK", "mask", ("", "0")),
        ("IMAGE_ERR", "sigma", ("", "")),
        ("N4", "", ("N4", "")),
        ("FLAGSTAFF", "", ("FLAGSTAFF", "")),
        ("MOD.OUT 2.1", "", ("MOD.OUT 2.1", "")),
        ("", "", ("", "")),
        ("PRIMARY", "", ("", "")),
    ],
)
def test_names(name, role, stem):
    found = plane_name(name)
    assert (found.role, found.stem) == (role, stem)


@pytest.mark.parametrize(
    "names",
    [
        ("SCI", "MSK", "VAR"),
        ("SCI", "BITMASK", "SIGMA"),
        ("SCI", "QUALITY", "NOISE"),
        ("IMAGE", "FLAGS", "VARIANCE"),
        ("IMAGE", "MASK", "RMS_MAP"),
        ("DATA", "DATA_QUALITY", "INVERSE_VARIANCE"),
        ("SCI_0", "MSK_0", "VAR_0"),
        ("DET11.SCI", "DET11.DQ", "DET11.RMS"),
        ("1-1.E.SCI", "1-1.E.FLG", "1-1.E.RMS"),
        ("N4", "N4_MASK", "N4-IVAR"),
        ("SCI1", "DQ1", "ERR1"),
        ("CAMERA.CCD 1.1 CAL", "MASK", "CAMERA.CCD 1.1 UNCERT"),
        ("CHIP", "BAD_PIXEL_MASK", "UNCERTAINTY"),
    ],
)
def test_one_image_with_its_planes_in_any_order(tmp_path, names):
    told = [(name, plane_name(name).role or "image") for name in names]
    check(read(write(tmp_path, *told)))
    exposure = read(write(tmp_path, *reversed(told)))
    check(exposure)
    assert describe(tmp_path / "x.fits").unused == ()


def several(style: str) -> list[tuple[str, str]]:
    """Two images; the planes of the first are wrong for the second and the other way round."""
    first = [("SCI", "other"), ("RMS", "variance"), ("MSK", "good pixels")]
    second = [("SCI", "image"), ("RMS", "sigma"), ("MSK", "mask")]
    return [(style.format(word, n), role) for n, s in (("1", first), ("2", second))
            for word, role in s]  # fmt: skip


@pytest.mark.parametrize("style", ["{0}_{1}", "{0}{1}", "DET{1}.{0}", "1-{1}.E.{0}", "{1}-{0}"])
def test_of_several_images_each_has_its_own_planes(tmp_path, style):
    names = several(style)
    for order in (names, sorted(names)):
        path = write(tmp_path, *order)
        wanted = [name for name, _ in order].index(style.format("SCI", "2")) + 1
        with pytest.raises(ChooseError):
            read(path)
        choice = Choice(hdu=wanted)
        check(read(path, choice=choice))
        info = describe(path, choice)
        assert info.unused == ()
        assert not any("not used" in text for text in info.warnings)


def test_extver_tells_planes_of_one_name_apart(tmp_path):
    data = planes()
    hdus = [
        extension(name, data[role], EXTVER=version)
        for version, roles in ((1, ("other", "variance", "good pixels")),
                               (2, ("image", "sigma", "mask")))
        for name, role in zip(("SCI", "ERR", "MSK"), roles, strict=True)
    ]  # fmt: skip
    path = save(tmp_path / "x.fits", primary(), *hdus)
    check(read(path, choice=Choice(hdu=4)))
    assert describe(path, Choice(hdu=4)).unused == ()


@pytest.mark.parametrize("in_turn", [True, False])
def test_bare_words_go_with_images_in_the_order_of_the_file(tmp_path, in_turn):
    first = [("N1", "other"), ("MASK", "good pixels"), ("RMS", "variance")]
    second = [("N2", "image"), ("MASK", "mask"), ("RMS", "sigma")]
    names = [*first, *second] if in_turn else [p for pair in zip(first, second) for p in pair]  # noqa: B905
    path = write(tmp_path, *names)
    check(read(path, choice=Choice(hdu=4 if in_turn else 2)))


def test_a_mask_of_one_of_two_images_is_not_taken_for_the_other(tmp_path):
    names = [("N1", "image"), ("N1_MASK", "mask"), ("N2", "other")]
    assert read(write(tmp_path, *names), choice=Choice(hdu=3)).mask is None


def test_spherex_is_not_lsst_and_what_is_not_used_is_named(tmp_path):
    names = [("IMAGE", "image"), ("FLAGS", "mask"), ("VARIANCE", "variance"), ("ZODI", "other")]
    path = write(tmp_path, *names)
    check(read(path), "plain")
    info = describe(path)
    assert info.unused == ("HDU 4 ZODI",)
    assert "HDU 4 ZODI has the image's shape and is not used" in info.warnings
    record = inspect_file(path)
    assert record["unused"] == ["HDU 4 ZODI"]
    assert any("ZODI" in text for text in record["warnings"])


def test_planes_that_have_other_names_than_lsst_count(tmp_path):
    """SPHEREx: MP_SOURCE marks sources as DETECTED does, MP_FULLSAMPLE is no fault."""
    flags = np.zeros((NY, NX), "i4")
    flags[2:5], flags[6], flags[7] = 1 << 10, 1 << 12, 1 << 21
    mask = extension("FLAGS", flags, MP_HOT=10, MP_FULLSAMPLE=12, MP_SOURCE=21)
    hdus = [extension("IMAGE", sky()), mask, extension("VARIANCE", level(9))]
    path = save(tmp_path / "x.fits", primary(), *hdus)
    exposure = read(path)
    expected = np.zeros((NY, NX), bool)
    expected[2:5] = True
    np.testing.assert_array_equal(exposure.flagged(("BAD",)), expected)
    expected[7] = True
    np.testing.assert_array_equal(exposure.flagged(DEFAULT_BAD_MASK_PLANES), expected)
    assert any("all but FULLSAMPLE count as bad" in text for text in describe(path).warnings)


def test_image_and_variance_alone_are_no_lsst_file(tmp_path):
    path = write(tmp_path, ("IMAGE", "image"), ("VARIANCE", "variance"))
    assert describe(path).convention == "plain"
    assert not any("incomplete" in text for text in describe(path).warnings)
    assert read(path).variance[0, 0] == 9


@pytest.mark.parametrize("cards", [{"AR_HDU": 5}, {"EXPINFO_V": 1}])
def test_an_lsst_file_without_a_mask_is_one_by_its_cards(tmp_path, cards):
    path = write(tmp_path, ("IMAGE", "image"), ("VARIANCE", "variance"), **cards)
    assert describe(path).convention == "afw"


BITS = {"BPM": 0, "SATURATE": 1, "STAR": 5, "STREAK": 10, "SUSPECT": 11, "NEAREDGE": 13}


@pytest.mark.parametrize("cards", [{"INSTRUME": "DECam"}, {"TELESCOP": "CTIO 4.0-m telescope"}])
def test_des(tmp_path, cards):
    flags = np.zeros((NY, NX), "i2")
    for column, bit in enumerate(BITS.values()):
        flags[5, column] = 1 << bit
    hdus = [extension("SCI", sky()), extension("MSK", flags)]
    hdus.append(extension("WGT", level(1 / 9, [(0, 0)])))
    exposure = read(save(tmp_path / "x.fits", primary(**cards), *hdus))
    assert exposure.source.convention == "des"
    assert exposure.variance[8, 8] == pytest.approx(9)
    assert exposure.variance[0, 0] == np.inf
    flagged = exposure.flagged(DEFAULT_BAD_MASK_PLANES)
    assert np.argwhere(flagged).tolist() == [[0, 0], *([5, c] for c in range(4))]
    assert all(exposure.mask[5, c] >> b & 1 for c, b in enumerate(BITS.values()))


def test_a_weight_of_unknown_scale_stays_a_mask(tmp_path):
    hdus = [extension("SCI", sky()), extension("WGT", level(1 / 9, [(0, 0)]))]
    path = save(tmp_path / "x.fits", primary(INSTRUME="OTHER"), *hdus)
    exposure = read(path)
    assert exposure.variance is None
    assert np.argwhere(exposure.flagged(("NO_DATA",))).tolist() == [[0, 0]]
    assert any("mask only" in text for text in describe(path).warnings)


@pytest.mark.parametrize("cards", [{"TELESCOP": "LCO"}, {}])
def test_a_weight_beside_mask_and_uncertainty_is_used_too(tmp_path, cards):
    data = planes()
    hdus = [extension("SCI", data["image"]), extension("ERR", level(3))]
    hdus += [extension("MASK", data["mask"]), extension("WHT", level(5, [(0, 0)]))]
    exposure = read(save(tmp_path / "x.fits", primary(**cards), *hdus))
    flagged = exposure.flagged(DEFAULT_BAD_MASK_PLANES)
    expected = block() != 0
    expected[0, 0] = True
    np.testing.assert_array_equal(flagged, expected)
    assert exposure.variance[8, 8] == 9


def test_a_map_of_good_pixels_is_one_by_its_name(tmp_path):
    names = (("SCI", "image"), ("GPM", "good pixels"), ("IVAR", "inverse variance"))
    check(read(write(tmp_path, *names)))


def test_ccddata_with_a_variance_that_is_not_called_uncert(tmp_path):
    hdus = [extension("MASK", block()), extension("VARIANCE", level(9))]
    check(read(save(tmp_path / "x.fits", primary(sky()), *hdus)), "ccddata")


@pytest.mark.parametrize("name", LOOKALIKES)
def test_planes_of_known_use_raise_no_warning(tmp_path, name):
    path = LOOKALIKES[name](tmp_path)
    try:
        info = describe(path)
    except ReadError:
        return
    loud = [text for text in info.warnings if "the image's shape" in text]
    # a fit of the sky that a program left in a file
    assert loud == (
        ["HDU 4 SKYFIT has the image's shape and is not used"] if name == "gemini" else []
    )
    if name == "hst_drz":
        assert info.unused == ("HDU 3 CTX",)


def test_what_the_user_leaves_out_is_not_named(tmp_path):
    names = [("SCI", "image"), ("MSK", "mask"), ("ERR", "sigma")]
    info = describe(write(tmp_path, *names), Choice(mask="none", noise="none"))
    assert info.unused == ("HDU 2 MSK", "HDU 3 ERR")
    assert not any("not used" in text for text in info.warnings)


def test_a_plane_of_another_shape_is_named(tmp_path):
    small = extension("MASK", np.zeros((4, 5), "i4"))
    path = save(tmp_path / "x.fits", primary(), extension("N1", sky()), small)
    assert "HDU 2 MASK has another shape than the image and is not used" in describe(path).warnings


def test_files_of_nothing_but_such_planes_are_no_exposures(tmp_path):
    for names in ((("N1_MASK", "mask"), ("S1_MASK", "mask")), (("DET11.DQ", "mask"),)):
        with pytest.raises(SidecarError):
            describe(write(tmp_path, *names))


def test_words_that_may_be_part_of_any_name_count_only_beside_their_image(tmp_path):
    path = write(tmp_path, ("RR_LYR_VAR", "image"))
    assert read(path).image[0, 0] == sky()[0, 0]
