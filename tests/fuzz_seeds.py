"""Small files of every convention, made by code, for the fuzz run to damage."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

__all__ = ["Seed", "generated_seeds", "real_seeds"]

SHAPE = (26, 31)
_REAL_BYTES = 800_000


@dataclass(frozen=True)
class Seed:
    """An exposure on disk: its file first, then what lies beside it."""

    name: str
    files: tuple[tuple[str, bytes], ...]


def _image(kind: str = "f4") -> np.ndarray:
    image = np.random.default_rng(1).normal(100, 10, SHAPE).astype(kind)
    if np.dtype(kind).kind == "f":
        image[:2, :3] = np.nan
    return image


def _bits(kind: str = "i4") -> np.ndarray:
    return np.random.default_rng(2).integers(0, 1 << 7, SHAPE).astype(kind)


def _noise() -> np.ndarray:
    return np.full(SHAPE, 4.0, "f4")


def _bytes(hdus: list[Any], checksum: bool = False) -> bytes:
    out = io.BytesIO()
    fits.HDUList(hdus).writeto(out, checksum=checksum, output_verify="silentfix")
    return out.getvalue()


def _wcs(header: fits.Header) -> None:
    for axis, kind in ((1, "RA---TAN"), (2, "DEC--TAN")):
        header[f"CTYPE{axis}"], header[f"CRPIX{axis}"] = kind, 12.0
        header[f"CRVAL{axis}"], header[f"CUNIT{axis}"] = 30.0 - 35.0 * (axis - 1), "deg"
    header["CD1_1"], header["CD2_2"] = -5e-5, 5e-5


def _cards(hdu: Any, cards: dict[str, Any], wcs: bool = False) -> Any:
    if wcs:
        _wcs(hdu.header)
    for name, value in cards.items():
        hdu.header[name] = value
    return hdu


def _hdu(data: Any, cards: dict[str, Any] | None = None, wcs: bool = False, **more: Any) -> Any:
    return _cards(fits.ImageHDU(data), {**(cards or {}), **more}, wcs)


def _primary(data: Any = None, wcs: bool = False, **cards: Any) -> Any:
    return _cards(fits.PrimaryHDU(data), cards, wcs)


def _packed(data: Any, kind: str, wcs: bool = False, **cards: Any) -> Any:
    quantise = 16.0 if kind == "RICE_1" and data.dtype.kind == "f" else 0.0
    return _cards(
        fits.CompImageHDU(data, compression_type=kind, quantize_level=quantise), cards, wcs
    )


_MP = {"MP_BAD": 0, "MP_SAT": 1, "MP_CR": 3, "HIERARCH MP_DETECTED": 5}
_PLACE = {
    "LTV1": -100.0, "LTV2": -200.0, "CTYPE1A": "LINEAR", "CTYPE2A": "LINEAR", "CRPIX1A": 1.0,
    "CRPIX2A": 1.0, "CRVAL1A": 100.0, "CRVAL2A": 200.0, "CUNIT1A": "PIXEL", "CUNIT2A": "PIXEL",
}  # fmt: skip


def _archive() -> list[Any]:
    index = fits.BinTableHDU.from_columns(
        [
            fits.Column("id", "1J", array=[1, 2]),
            fits.Column("cat.archive", "1J", array=[1, 2]),
            fits.Column("cat.persistable", "1J", array=[0, 0]),
            fits.Column("row0", "1J", array=[0, 1]),
            fits.Column("nrows", "1J", array=[1, 1]),
            fits.Column("name", "64A", array=["Psf", "PhotoCalib"]),
            fits.Column("module", "64A", array=["", ""]),
        ]
    )
    heap = np.empty(2, object)
    heap[:] = [np.arange(5, dtype="u1"), np.arange(30, dtype="u1")]
    psf = fits.BinTableHDU.from_columns([fits.Column("bytes", "QB", array=heap)])
    calib = fits.BinTableHDU.from_columns(
        [
            fits.Column("flags", "1X", array=[[False], [True]]),
            fits.Column("calibrationMean", "1D", array=[1.0, 57.0]),
            fits.Column("calibrationErr", "1D", array=[0.0, 0.0]),
            fits.Column("field", "1J", array=[0, 0]),
        ]
    )
    _cards(index, {"EXTTYPE": "ARCHIVE_INDEX", "AR_CATN": 0, "AR_NCAT": 3})
    for number, (table, name) in enumerate(((psf, "Psf"), (calib, "PhotoCalib")), start=1):
        _cards(table, {"EXTTYPE": "ARCHIVE_DATA", "AR_NAME": name, "AR_CATN": number})
    return [index, psf, calib]


def _afw(make: Any = None, mask: str = "i4", checksum: bool = False) -> bytes:
    def plane(data: Any, role: str, **cards: Any) -> Any:
        cards = {"EXTTYPE": role, "INHERIT": True, **_PLACE, **cards}
        return (make or _hdu)(data, wcs=True, **cards)

    primary = _primary(**{"AR_HDU": 5, "HIERARCH EXPINFO_V": 2, "HIERARCH PHOTOCALIB_ID": 2})
    planes = [
        plane(_image(), "IMAGE", BUNIT="adu"),
        plane(_bits(mask), "MASK", **_MP),
        plane(_noise(), "VARIANCE"),
    ]
    return _bytes([primary, *planes, *_archive()], checksum)


def _lsst() -> dict[str, bytes]:
    in_primary = [
        _primary(_image(), EXTTYPE="IMAGE"),
        _hdu(_bits(), {"EXTTYPE": "MASK", **_MP}),
        _hdu(_noise(), EXTTYPE="VARIANCE"),
    ]
    old = [
        _primary(FLUXMAG0=1e6),
        _hdu(_image(), EXTTYPE="IMAGE"),
        _hdu(_bits("u2"), {"EXTTYPE": "MASK", **_MP}),
        _hdu(_noise(), EXTTYPE="VARIANCE"),
    ]
    names = {"MSKN0000": "BAD", "MSKM0000": 1, "MSKN0001": "SATURATED", "MSKM0001": 2}
    images = [
        _primary(DATAMODL="https://x/schemas/visit_image-1.0.0", FMTVER=1),
        _packed(_image(), "GZIP_2", EXTNAME="IMAGE", BUNIT="nJy"),
        _packed(_bits(), "GZIP_2", EXTNAME="MASK", **names),
        _packed(_noise(), "GZIP_2", EXTNAME="VARIANCE"),
    ]
    bkgd = {
        "INTERPSTYLE": 5, "UNDERSAMPLESTYLE": 1, "APPROXSTYLE": -1, "BKGD_X0": 0, "BKGD_Y0": 0,
        "BKGD_WIDTH": 300, "BKGD_HEIGHT": 260,
    }  # fmt: skip
    bkgd = {k if len(k) <= 8 else f"HIERARCH {k}": v for k, v in bkgd.items()}
    background = [_primary(_image(), **bkgd), _hdu(_bits(), bkgd), _hdu(_noise(), bkgd)]

    def gzip2(data: Any, **more: Any) -> Any:
        return _packed(data, "GZIP_2", **more)

    return {
        "afw.fits": _afw(),
        "afw_sums.fits": _afw(checksum=True),
        "afw_packed.fits": _afw(gzip2),
        "afw_primary.fits": _bytes(in_primary),
        "afw_old.fits": _bytes(old),
        "lsst_images.fits": _bytes(images),
        "background_list.fits": _bytes(background),
    }


def _space() -> dict[str, bytes]:
    def hst(number: int, constant: bool) -> list[Any]:
        parts = [_hdu(_image(), EXTNAME="SCI", EXTVER=number, BUNIT="ELECTRONS", PHOTFLAM=1e-19,
                      PHOTPLAM=8e3)]  # fmt: skip
        for name, data in (("ERR", _noise()), ("DQ", _bits("i2"))):
            cards = {"EXTNAME": name, "EXTVER": number}
            if constant:
                cards |= {"NPIX1": SHAPE[1], "NPIX2": SHAPE[0], "PIXVALUE": 0}
            parts.append(_hdu(None if constant else data, cards))
        return parts

    tell = {"TELESCOP": "HST", "INSTRUME": "ACS", "EXPTIME": 100.0}
    jwst = _primary(TELESCOP="JWST", INSTRUME="MIRI")
    cal = [
        jwst,
        _hdu(_image(), EXTNAME="SCI", BUNIT="MJy/sr", PIXAR_SR=1e-13, PHOTMJSR=1.0),
        _hdu(_noise(), EXTNAME="ERR"),
        _hdu(_bits("u4"), EXTNAME="DQ"),
        _hdu(_noise(), EXTNAME="VAR_POISSON"),
        _hdu(_noise(), EXTNAME="VAR_RNOISE"),
    ]
    i2d = [
        jwst,
        _hdu(_image(), EXTNAME="SCI", BUNIT="MJy/sr"),
        _hdu(_noise(), EXTNAME="ERR"),
        _hdu(np.stack([_bits()] * 2), EXTNAME="CON"),
        _hdu(_noise(), EXTNAME="WHT"),
        _hdu(_noise(), EXTNAME="VAR_POISSON"),
    ]
    drz = [_primary(**tell), _hdu(_image(), EXTNAME="SCI"), _hdu(_noise(), EXTNAME="WHT")]
    drz.append(_hdu(_bits(), EXTNAME="CTX"))
    ccd = [_primary(_image(), wcs=True, BUNIT="adu"), _hdu(_bits("u1") & 1, EXTNAME="MASK")]
    ccd.append(_hdu(_noise(), EXTNAME="UNCERT", UTYPE="StdDevUncertainty"))
    gemini = [_primary(), _hdu(_image(), EXTNAME="SCI"), _hdu(_noise(), EXTNAME="VAR")]
    gemini.append(_hdu(_bits("i2"), EXTNAME="DQ"))
    triple = [_primary(), _hdu(_image(), wcs=True), _hdu(_bits()), _hdu(_noise())]
    return {
        "hst_flt.fits": _bytes([_primary(**tell), *hst(1, False)]),
        "hst_two_chips.fits": _bytes([_primary(**tell), *hst(1, False), *hst(2, False)]),
        "hst_constant.fits": _bytes([_primary(**tell), *hst(1, True)]),
        "hst_drz.fits": _bytes(drz),
        "jwst_cal.fits": _bytes(cal),
        "jwst_i2d.fits": _bytes(i2d),
        "ccddata.fits": _bytes(ccd),
        "gemini.fits": _bytes(gemini),
        "triple.fits": _bytes(triple),
    }


def _plain() -> dict[str, bytes]:
    scaled = _primary(_image("i2"), wcs=True)
    scaled.header["BSCALE"], scaled.header["BZERO"], scaled.header["BLANK"] = 0.5, 100.0, 90
    mef = [_primary(), *(_hdu(_image(), EXTNAME=f"N{n}") for n in range(1, 4))]
    table = fits.BinTableHDU.from_columns([fits.Column("x", "1D", array=[1.0, 2.0])])
    whole = _bytes([_primary(_image(), wcs=True, MAGZERO=25.0, FILTER="i")])
    return {
        "plain.fits": whole,
        "sums.fits": _bytes([_primary(_image(), wcs=True)], checksum=True),
        "int16.fits": _bytes([scaled]),
        "uint16.fits": _bytes([_primary(_image("u2"))]),
        "int64.fits": _bytes([_primary(_image("i8"), BLANK=7)]),
        "double.fits": _bytes([_primary(_image("f8"))]),
        "rice.fits.fz": _bytes([_primary(), _packed(_image(), "RICE_1", wcs=True)]),
        "rice16.fits.fz": _bytes([_primary(), _packed(_image("i2"), "RICE_1")]),
        "hcompress.fits": _bytes([_primary(), _packed(_image("i4"), "HCOMPRESS_1")]),
        "plio.fits": _bytes([_primary(), _packed(_image("i2"), "PLIO_1")]),
        "rgb.fits": _bytes([_primary(np.stack([_image()] * 3), ROWORDER="TOP-DOWN")]),
        "cube.fits": _bytes([_primary(np.stack([_image()] * 5))]),
        "degenerate.fits": _bytes([_primary(_image()[None, None])]),
        "chips.fits": _bytes(mef),
        "table.fits": _bytes([_primary(), table]),
        "packed.fits.gz": gzip.compress(whole, mtime=0),
        "packed.fits.bz2": bz2.compress(whole),
        "packed.fits.xz": lzma.compress(whole),
        "packed_afw.fits.gz": gzip.compress(_afw(), mtime=0),
    }


def _surveys() -> dict[str, tuple[tuple[str, bytes], ...]]:
    cp = {"PROCTYPE": "InstCal", "PLVER": "V4.8.2", "INSTRUME": "DECam", "MAGZERO": 25.0}

    def noirlab(kind: str, data: Any) -> bytes:
        return _bytes([_primary(PRODTYPE=kind, **cp), _packed(data, "GZIP_2", EXTNAME="N2")])

    def single(data: Any, **cards: Any) -> bytes:
        return _bytes([_primary(data, wcs=True, **cards)])

    def fpacked(data: Any, **cards: Any) -> bytes:
        return _bytes([_primary(**cards), _packed(data, "RICE_1")])

    ps1 = {"HIERARCH FPA.ZP": 25.0, "EXPTIME": 40.0}
    asinh = {**ps1, "BSOFTEN": 7.4, "BOFFSET": 0.1}
    triples = np.array([[2, 3, 9], [4, 1, 5], [4, 7, 7]], ">i2").view("u1").ravel()
    heap = np.empty(2, object)
    heap[:] = [triples[:12], triples[12:]]
    spans = [
        fits.BinTableHDU.from_columns(
            [fits.Column("nspan", "1J", array=[2, 1]), fits.Column("s", "PB()", array=heap)]
        )
        for _ in range(10)
    ]
    names = fits.BinTableHDU.from_columns(
        [
            fits.Column("defName", "31A", array=["S_MASK_TYPE"] * 2),
            fits.Column("attributeName", "31A", array=["S_MASK_INTERP", "S_MASK_SATUR"]),
            fits.Column("Value", "1J", array=[0, 1]),
        ]
    )
    plan = _primary(MASKROWS=SHAPE[0], MASKCOLS=SHAPE[1], NPLANE=10)
    ztf = {"MAGZP": 26.0, "CCDID": 3, "GAIN": 6.2}
    legacy = {"IMTYPE": "image", "BRICK": "0001p000", "BRICKNAM": "0001p000"}
    stem = "legacysurvey-0001p000"
    frame = [
        _primary(_image(), wcs=True, NMGY=0.004, FILTER="r"),
        _hdu(np.full(SHAPE[1], 0.004, "f4")),
        fits.BinTableHDU.from_columns([fits.Column("ALLSKY", "4E", array=np.ones((1, 4)))]),
        fits.BinTableHDU.from_columns([fits.Column("a", "1D", array=[1.0])]),
    ]
    two = "rings.v3.skycell.1.1"
    return {
        "noirlab": (
            ("c4d_1_ooi_z_v1.fits", noirlab("image", _image())),
            ("c4d_1_ood_z_v1.fits", noirlab("dqmask", _bits() & 7)),
            ("c4d_1_oow_z_v1.fits", noirlab("wtmap", _noise())),
        ),
        "bok": (
            ("ksb_1_ooi_r.fits", single(_image(), **cp)),
            ("ksb_1_ooi_r.wht.fits", single(_noise())),
            ("ksb_1_oki_r.fits", single(_bits() & 7)),
        ),
        "panstarrs": (
            (f"{two}.wrp.i.fits", fpacked(_image(), **ps1)),
            (f"{two}.wrp.i.mask.fits", fpacked(_bits("i2"))),
            (f"{two}.wrp.i.wt.fits", fpacked(_noise())),
        ),
        "panstarrs stack": ((f"{two}.stk.i.unconv.fits", single(_image(), **asinh)),),
        "ztf": (
            ("ztf_1_c03_o_q1_sciimg.fits", single(_image(), **ztf)),
            ("ztf_1_c03_o_q1_mskimg.fits", single(_bits("i2"))),
        ),
        "legacy": (
            (f"{stem}-image-r.fits.fz", fpacked(_image(), **legacy)),
            (f"{stem}-invvar-r.fits.fz", fpacked(_noise())),
            (f"{stem}-maskbits.fits.fz", fpacked(_bits("i2"))),
        ),
        "sdss frame": (("frame-r-000094-1-0131.fits", _bytes(frame)),),
        "sdss fpC": (
            ("fpC-001739-r3-0055.fit", single(_image("u2"), SOFTBIAS=1000)),
            ("fpM-001739-r3-0055.fit", _bytes([plan, *spans, names])),
        ),
        "swarp": (
            ("a.resamp.fits", single(_image(), SOFTNAME="SWarp", FLXSCALE=1.5, FLASCALE=1.0)),
            ("a.resamp.weight.fits", single(_noise())),
        ),
        "rms": (("x_sci.fits", single(_image())), ("x_rms.fits", single(_noise()))),
        "weight": (("y.fits", single(_image())), ("y.weight.fits", single(_noise()))),
        "flags": (("z.fits", single(_image())), ("z.mask.fits", single(_bits("u1")))),
    }


def generated_seeds() -> list[Seed]:
    """One or more of every convention, and of every way of packing."""
    alone = {**_lsst(), **_space(), **_plain()}
    seeds = [Seed(name, ((name, data),)) for name, data in alone.items()]
    return seeds + [Seed(name, files) for name, files in _surveys().items()]


def real_seeds() -> list[Seed]:
    """The smaller real files, where BGVIEWER_TEST_DATA names their folder."""
    where = os.environ.get("BGVIEWER_TEST_DATA")
    folder = Path(where or "") / "formats"
    if not where or not folder.is_dir():
        return []
    small = [p for p in sorted(folder.iterdir()) if 0 < p.stat().st_size <= _REAL_BYTES]
    return [
        Seed(p.name, ((p.name, p.read_bytes()),)) for p in small if p.suffix not in (".md", ".json")
    ]
