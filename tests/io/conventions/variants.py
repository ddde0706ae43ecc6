"""Variations of the conventions as other people's files have them: one function, one file."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from tests.io.conftest import NX, NY, _name_planes, wcs_header
from tests.io.conventions.lookalikes import (
    extension,
    flags,
    level,
    packed,
    primary,
    save,
    sky,
    table,
)

ANY = object()


@dataclass(frozen=True)
class Variant:
    """A file, and what must be recognised in it."""

    make: Callable[[Path], Path]
    convention: str
    kind: str = "none"
    planes: Any = ()
    """Some planes with their counts; () = no mask at all."""
    zero_point: Any = None
    unit: Any = None
    xy0: tuple[int, int] = (0, 0)
    variance: float | None = None
    """Of pixel [8, 8]."""


VARIANTS: dict[str, Variant] = {}


def variant(convention: str, kind: str = "none", **expected: Any) -> Callable[[Any], Any]:
    def hold(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
        VARIANTS[make.__name__] = Variant(make, convention, kind, **expected)
        return make

    return hold


def lsst(data: np.ndarray | None, role: str, name: str = "", **cards: Any) -> fits.ImageHDU:
    hdu = fits.ImageHDU(data, header=wcs_header(), name=name or None)
    if role:
        hdu.header["EXTTYPE"] = role
    for key, value in cards.items():
        hdu.header[key] = value
    if role == "MASK" or name.upper() == "MASK":
        _name_planes(hdu.header, {"BAD": 0, "SAT": 1, "NO_DATA": 9})
    return hdu


def lsst_planes(mask: np.ndarray) -> list[tuple[str, np.ndarray]]:
    return [("IMAGE", sky()), ("MASK", mask), ("VARIANCE", level(4))]


MASKED = {"BAD": 1, "SAT": 0, "NO_DATA": 1}


@variant("afw", "variance", planes=MASKED, variance=4)
def afw_names_in_lower_case(folder: Path) -> Path:
    hdus = [lsst(d, "", n.lower()) for n, d in lsst_planes(flags(1, 512))]
    return save(folder / "a.fits", primary(), *hdus)


@variant("afw", "variance", planes=MASKED, variance=4, zero_point=31.4, unit="nJy")
def afw_old_uint16_mask_packed(folder: Path) -> Path:
    hdus = [packed("", d) for _, d in lsst_planes(flags(1, 512, dtype="u2"))]
    for hdu, role in zip(hdus, ("IMAGE", "MASK", "VARIANCE"), strict=True):
        hdu.header["EXTTYPE"] = role
    hdus[0].header["BUNIT"] = "nJy"
    _name_planes(hdus[1].header, {"BAD": 0, "SAT": 1, "NO_DATA": 9})
    return save(folder / "a.fits.fz", primary(), *hdus)


@variant("afw", "variance", planes=MASKED, variance=4)
def afw_in_gzip_named_fits(folder: Path) -> Path:
    hdus = [lsst(d, n, n) for n, d in lsst_planes(flags(1, 512))]
    path = save(folder / "a.fits", primary(AR_HDU=5), *hdus)
    path.write_bytes(gzip.compress(path.read_bytes()))
    return path


@variant("afw", "variance", planes=MASKED, variance=4)
def afw_image_in_primary_by_exttype(folder: Path) -> Path:
    hdus = [lsst(d, n) for n, d in lsst_planes(flags(1, 512))]
    return save(folder / "a.fits", fits.PrimaryHDU(hdus[0].data, hdus[0].header), *hdus[1:])


@variant("afw", "variance", planes=MASKED, variance=4)
def afw_in_another_order_by_extname(folder: Path) -> Path:
    hdus = [lsst(d, "", n) for n, d in lsst_planes(flags(1, 512))]
    return save(folder / "a.fits", primary(), hdus[2], hdus[0], hdus[1])


@variant("afw", planes=MASKED, xy0=(4000, 8000))
def afw_without_variance(folder: Path) -> Path:
    hdus = [lsst(d, n, n) for n, d in lsst_planes(flags(1, 512))[:2]]
    for n, origin in (("1", 4000.0), ("2", 8000.0)):
        hdus[0].header[f"CRPIX{n}A"], hdus[0].header[f"CRVAL{n}A"] = 1.0, origin
        hdus[0].header[f"CTYPE{n}A"], hdus[0].header[f"LTV{n}"] = "LINEAR", -origin
    return save(folder / "a.fits", primary(), *hdus)


@variant("afw", "variance", variance=4)
def afw_without_mask_and_a_third_axis(folder: Path) -> Path:
    planes = [lsst(sky()[None], "IMAGE"), lsst(level(4)[None], "VARIANCE")]
    return save(folder / "a.fits", primary(), *planes)


@variant("afw", "variance", planes={"BAD": 1}, variance=4, zero_point=30.0)
def afw_integers_and_doubles(folder: Path) -> Path:
    hdus = [
        lsst(sky().astype("i4"), "IMAGE", INHERIT=True),
        lsst(flags(1, dtype="u1"), "MASK"),
        lsst(level(4).astype("f8"), "VARIANCE"),
    ]
    return save(folder / "a.fits", primary(FLUXMAG0=1e12), *hdus)


@variant("unnamed triple", "variance", planes={"BAD": 1, "NO_DATA": 1}, variance=4)
def afw_without_any_name(folder: Path) -> Path:
    hdus = [lsst(d, "") for _, d in lsst_planes(flags(1, 512))]
    _name_planes(hdus[1].header, {"BAD": 0, "NO_DATA": 9})
    return save(folder / "a.fits", primary(), *hdus, table())


@variant("plain", planes={"BAD": 1, "NO_DATA": 1})
def afw_image_and_mask_without_names(folder: Path) -> Path:
    hdus = [lsst(d, "") for _, d in lsst_planes(flags(1, 512))[:2]]
    _name_planes(hdus[1].header, {"BAD": 0, "NO_DATA": 9})
    return save(folder / "a.fits", primary(), *hdus)


def _dp2(folder: Path, *hdus: Any, **cards: Any) -> Path:
    head = primary(DATAMODL="x/cell_coadd-1.0.0", FMTVER=1, **cards)
    return save(folder / "c.fits", head, *hdus)


@variant("lsst.images", "variance", planes={"NO_DATA": 1}, xy0=(300, 20), unit="nJy", variance=9,
         zero_point=31.4)  # fmt: skip
def lsst_images_position_from_ltv(folder: Path) -> Path:
    image = extension("IMAGE", sky(), BUNIT="nJy", LTV1=-300.0, LTV2=-20.0)
    mask = extension("MASK", flags(1), MSKN0000="NO_DATA", MSKM0000=1)
    return _dp2(folder, image, mask, extension("VARIANCE", level(9)), table())


@variant("lsst.images", planes={"SAT": 1})
def lsst_images_with_legacy_names(folder: Path) -> Path:
    return _dp2(folder, packed("image", sky()), packed("mask", flags(4), MP_SAT=2))


@variant("ps1 warp", "variance", planes={"SAT": 1, "CR": 1}, variance=7, zero_point=25.0)
def ps1_unpacked_in_primary(folder: Path) -> Path:
    cards = {"FPA.ZP": 20.0, "EXPTIME": 100.0}
    save(folder / "w.mask.fits", primary(flags(0x20, 0x100, dtype="u2"), **cards))
    save(folder / "w.wt.fits", primary(level(7), **cards))
    return save(folder / "w.fits", primary(sky(), **cards))


@variant("ps1 stack", "variance", planes={"FIRST": 1}, variance=7)
def ps1_stack_by_name_only(folder: Path) -> Path:
    stem = "RINGS.V3.skycell.2381.015.stk.g.unconv"
    named = {"MSKNAM00": "FIRST", "MSKVAL00": 1}
    save(folder / f"{stem}.mask.fits", primary(), packed("", flags(1, dtype="i2"), **named))
    save(folder / f"{stem}.wt.fits", primary(level(7)))
    save(folder / f"{stem}.num.fits", primary(level(3)))
    return save(folder / f"{stem}.fits", primary(sky()))


def _pipeline(
    folder: Path, stem: str, image: str, cards: dict[str, Any], codes: np.ndarray
) -> Path:
    save(folder / stem.format(image[:-1] + "d"), primary(**cards), extension("N4", codes))
    save(folder / stem.format(image[:-1] + "w"), primary(**cards), extension("N4", level(0.25)))
    return save(folder / stem.format(image), primary(**cards), extension("N4", sky()))


@variant("noirlab cp", "inverse variance", planes={"SATURATED": 1, "COSMIC_RAY": 2}, variance=4)
def noirlab_without_cards(folder: Path) -> Path:
    return _pipeline(folder, "c4d_130901_012345_{}_g_v2.fits.fz", "ooi", {}, flags(3, 5, 5))


@variant("noirlab cp", "inverse variance", planes={"NO_VALUE": 1}, variance=4, zero_point=31.2)
def noirlab_resampled_without_version(folder: Path) -> Path:
    cards = {"PROCTYPE": "Resampled", "PRODTYPE": "image", "MAGZERO": 31.2}
    return _pipeline(folder, "tile_{}_r.fits", "opi", cards, flags(2))


@variant("noirlab cp", "inverse variance", planes={"SATURATED": 1}, variance=4)
def noirlab_version_of_two_numbers(folder: Path) -> Path:
    cards = {"PROCTYPE": "Stacked", "PRODTYPE": "image", "PLVER": "V3.4"}
    return _pipeline(folder, "k4m_160301_020202_{}_zd_ls9.fits", "osi", cards, flags(2))


@variant("ztf", planes={"SATURATED": 1, "OBJECT": 1}, zero_point=26.0, unit="DN")
def ztf_by_cards_in_an_extension(folder: Path) -> Path:
    save(folder / "field_mskimg.fits.gz", primary(flags(256, 2, dtype="u2")))
    cards = {"MAGZP": 26.0, "CCDID": 3, "BUNIT": "DN"}
    return save(folder / "field_sciimg.fits", primary(), extension("", sky(), **cards))


@variant("sdss frame", zero_point=22.5, unit="nanomaggy")
def sdss_frame_cut_out(folder: Path) -> Path:
    return save(folder / "cutout_frame-i-008108-5-0025.fits", primary(sky()))


@variant("sdss frame", zero_point=22.5, unit="nanomaggy")
def sdss_frame_of_another_name(folder: Path) -> Path:
    vector = extension("", np.full(NX, 0.005, "f4"))
    return save(folder / "x.fits.gz", primary(sky(), NMGY=0.005), vector, table(), table())


@variant("legacy survey", "inverse variance", planes={"SATUR_G": 1, "BAD": 1}, variance=0.25,
         zero_point=22.5, unit="nanomaggies")  # fmt: skip
def legacy_survey_with_all_masks_in_one_file(folder: Path) -> Path:
    start = "legacysurvey-0001m002"
    masks = [packed("MASKBITS", flags(4, 256))]
    masks += [packed(n, flags(1, dtype="u1")[:4]) for n in ("WISEM1",)]
    masks += [packed("WISEM2", flags(2, dtype="u1"))]
    save(folder / f"{start}-maskbits.fits.fz", primary(), *masks)
    save(folder / f"{start}-invvar-g.fits.fz", primary(), packed("INVVAR", level(4)))
    image = packed("IMAGE", sky(), BUNIT="nanomaggies")
    return save(folder / f"{start}-image-g.fits.fz", primary(), image)


@variant("legacy survey", "inverse variance", planes={"BAILOUT": 1}, variance=0.25, zero_point=22.5)
def legacy_survey_renamed(folder: Path) -> Path:
    cards = {"IMTYPE": "image", "BRICK": "0001m002"}
    save(folder / "ls_maskbits_r.fits", primary(flags(1 << 10), IMTYPE="maskbits", BRICK="x"))
    save(folder / "ls_invvar_r.fits", primary(level(4), **{**cards, "IMTYPE": "invvar"}))
    return save(folder / "ls_image_r.fits", primary(sky(), **cards))


@variant("hst flt", "sigma", planes={"HOT": 1}, variance=9)
def hst_infrared(folder: Path) -> Path:
    planes = [extension("SCI", sky()), extension("ERR", level(3))]
    planes += [extension("DQ", flags(16, dtype="i2")), extension("SAMP", flags(dtype="i2"))]
    planes += [extension("TIME", level(2))]
    return save(folder / "ib_flt.fits", primary(TELESCOP="HST", INSTRUME="WFC3"), *planes)


@variant("hst drz", "sigma", planes={"NO_DATA": 2}, variance=9)
def hst_drizzled_with_errors(folder: Path) -> Path:
    weight = level(5, [(0, 0), (1, 1)])
    planes = [extension("SCI", sky()), extension("ERR", level(3)), extension("WHT", weight)]
    return save(folder / "x_drc.fits", primary(TELESCOP="HST"), *planes)


@variant("plain", "unknown", planes={"NO_DATA": 1}, unit="ELECTRONS/S", zero_point=ANY)
def hst_drizzled_into_single_files(folder: Path) -> Path:
    cards = {"BUNIT": "ELECTRONS/S", "PHOTFLAM": 7.8e-20, "PHOTPLAM": 5921.0}
    save(folder / "x_drz_wht.fits", primary(level(5, [(0, 0)])))
    save(folder / "x_drz_ctx.fits", primary(flags(1)))
    return save(folder / "x_drz_sci.fits", primary(sky(), **cards))


@variant("jwst cal", "sigma", planes={"DO_NOT_USE": 1}, unit="MJy/sr", variance=4)
def jwst_by_its_variances(folder: Path) -> Path:
    planes = [extension("DQ", flags(1, dtype="u4")), extension("ERR", level(2))]
    planes += [extension("VAR_POISSON", level(1)), extension("SCI", sky(), BUNIT="MJy/sr")]
    return save(folder / "n.fits.gz", primary(), *planes)


@variant("jwst i2d", "variance", planes={"NO_DATA": 1}, unit="MJy.sr-1", zero_point=ANY, variance=3)
def jwst_i2d_without_errors(folder: Path) -> Path:
    planes = [extension(f"VAR_{n}", level(v)) for n, v in (("POISSON", 1), ("RNOISE", 2))]
    planes += [extension("CON", np.ones((2, NY, NX), "i4")), extension("WHT", level(1, [(0, 0)]))]
    sci = extension("SCI", sky(), BUNIT="MJy.sr-1", PIXAR_SR=1e-13)
    return save(folder / "n_i2d.fits", primary(TELESCOP="JWST"), *planes, sci)


@variant("swarp", "unknown", planes={"NO_DATA": 1})
def swarp_coadd_packed(folder: Path) -> Path:
    save(folder / "coadd.weight.fits.fz", primary(), packed("", level(3, [(0, 0)])))
    return save(folder / "coadd.fits.fz", primary(), packed("", sky(), SOFTNAME="SWarp"))


@variant("swarp", "unknown", planes={"NO_DATA": 1})
def swarp_without_cards(folder: Path) -> Path:
    path = save(folder / "w", primary(level(3, [(0, 0)])))
    weight = folder / "a.0001.resamp.weight.fits.bz2"
    weight.write_bytes(bz2.compress(path.read_bytes()))
    path.unlink()
    return save(folder / "a.0001.resamp.fits", primary(sky()))


@variant("sci", "variance", planes={"NO_DATA": 1}, variance=6)
def gemini_of_dragons(folder: Path) -> Path:
    head = primary(INSTRUME="GMOS-N", OBSERVAT="Gemini-North")
    planes = [extension("SCI", sky()), extension("VAR", level(6))]
    planes += [extension("DQ", flags(16, dtype="u2")), extension("OBJMASK", flags(1, dtype="u1"))]
    return save(folder / "N2020_stack.fits", head, *planes, table())


@variant("sci", "unknown", planes={"NO_DATA": 1, "BAD": 1})
def sci_with_a_weight(folder: Path) -> Path:
    planes = [extension("sci", sky()), extension("weight", level(2, [(0, 0)]))]
    return save(folder / "s.fits", primary(), *planes, extension("mask", flags(7, dtype="u1")))


@variant("ccddata", "sigma", planes={"BAD": 1}, unit="adu", variance=9)
def ccddata_in_an_extension(folder: Path) -> Path:
    planes = [extension("", sky(), BUNIT="adu"), extension("MASK", flags(1, dtype="u1"))]
    return save(folder / "c.fits", primary(), *planes, extension("UNCERT", level(3)))


@variant("ccddata", planes={"BAD": 1}, unit="electron")
def ccddata_with_a_mask_only(folder: Path) -> Path:
    mask = extension("MASK", flags(1, dtype="u1"))
    return save(folder / "c.fit", primary(sky(), BUNIT="electron"), mask)


@variant("plain", planes={"BAD": 1})
def an_image_and_a_mask_in_extensions(folder: Path) -> Path:
    mask = extension("MASK", flags(1, dtype="u1"))
    return save(folder / "c.fits", primary(), extension("", sky()), mask)


@variant("plain", "inverse variance", planes={"NO_DATA": 1}, variance=0.25)
def an_inverse_variance_in_an_extension(folder: Path) -> Path:
    return save(folder / "c.fits", primary(sky()), extension("IVAR", level(4, [(0, 0)])))


@variant("plain", "variance", variance=6)
def data_and_stat(folder: Path) -> Path:
    return save(
        folder / "eso.fits", primary(), extension("DATA", sky()), extension("STAT", level(6))
    )


@variant("plain", "sigma", planes={"BAD": 2}, variance=4)
def side_cars_with_points(folder: Path) -> Path:
    save(folder / "x.rms.fits.gz", primary(level(2)))
    save(folder / "x.mask.fits", primary(flags(1, 9, dtype="u1")))
    return save(folder / "x.fits", primary(sky()))


@variant("plain", "inverse variance", planes={"NO_DATA": 1}, variance=0.25)
def side_car_of_inverse_variances(folder: Path) -> Path:
    save(folder / "f_v2_ivm.fits", primary(level(4, [(0, 0)])))
    return save(folder / "f_v2_sci.fits", primary(sky()))


@variant("plain", "unknown", planes={"NO_DATA": 1})
def side_car_beginning_with_a_capital(folder: Path) -> Path:
    save(folder / "Field_Weight.fits", primary(level(4, [(0, 0)])))
    return save(folder / "Field.fits", primary(sky()))


@variant("unnamed triple", "variance", planes={"BAD": 2}, variance=9)
def kbmod_packed_with_its_psf(folder: Path) -> Path:
    hdus = [packed("", d) for d in (sky(), flags(1, 4).astype("f4"), level(9))]
    return save(folder / "l.fits", primary(), *hdus, packed("", np.ones((5, 5), "f4")))


@variant("plain", unit="NJY", zero_point=31.4)
def nanojansky_in_capitals(folder: Path) -> Path:
    return save(folder / "p.fits", primary(sky(), BUNIT="NJY"))


@variant("plain", zero_point=24.5)
def a_zero_point_in_the_primary(folder: Path) -> Path:
    return save(folder / "p.fits", primary(MAG_ZP=24.5), extension("", sky()))


@variant("plain")
def unsigned_32_bits_and_blank(folder: Path) -> Path:
    return save(
        folder / "u.fits", primary(sky().astype("u4")), extension("WCSDVARR", np.ones((3, 3)))
    )
