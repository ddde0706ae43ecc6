"""A small file of every convention, made by astropy from what documents say; none is a copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from tests.io.conftest import NX, NY, _name_planes, pixels, wcs_header

LOOKALIKES: dict[str, Callable[[Path], Path]] = {}
"""Name of a convention to the function that writes a file of it into a folder."""


def lookalike(function: Callable[[Path], Path]) -> Callable[[Path], Path]:
    LOOKALIKES[function.__name__] = function
    return function


def save(path: Path, *hdus: Any) -> Path:
    fits.HDUList(list(hdus)).writeto(path, overwrite=True)
    return path


def primary(data: np.ndarray | None = None, **cards: Any) -> fits.PrimaryHDU:
    return _with(fits.PrimaryHDU(data), cards)


def extension(name: str, data: np.ndarray | None, **cards: Any) -> fits.ImageHDU:
    return _with(fits.ImageHDU(data, name=name or None), cards)


def packed(name: str, data: np.ndarray, **cards: Any) -> fits.CompImageHDU:
    hdu = fits.CompImageHDU(data, compression_type="GZIP_2", quantize_level=0)
    if name:
        cards = {"EXTNAME": name, **cards}
    return _with(hdu, cards)


def table() -> fits.BinTableHDU:
    return fits.BinTableHDU.from_columns([fits.Column("x", "1J", array=[1, 2])])


def _with(hdu: Any, cards: dict[str, Any]) -> Any:
    for key, value in cards.items():
        hdu.header[key if len(key) <= 8 and "." not in key else f"HIERARCH {key}"] = value
    return hdu


def flags(*values: int, dtype: str = "i4") -> np.ndarray:
    """A mask with each value in one pixel of the row 5."""
    mask = np.zeros((NY, NX), dtype)
    mask[5, : len(values)] = values
    return mask


def sky() -> np.ndarray:
    return np.random.default_rng(3).normal(100, 5, (NY, NX)).astype("f4")


def level(value: float, holes: Sequence[tuple[int, int]] = ()) -> np.ndarray:
    out = np.full((NY, NX), value, "f4")
    for y, x in holes:
        out[y, x] = 0
    return out


@lookalike
def afw(folder: Path) -> Path:
    hdus = []
    planes = (("IMAGE", pixels()), ("MASK", flags(1, 512)), ("VARIANCE", level(4)))
    for role, data in planes:
        hdus.append(fits.ImageHDU(data, header=wcs_header()))
        hdus[-1].header["EXTTYPE"], hdus[-1].header["INHERIT"] = role, True
    _name_planes(hdus[1].header, {"BAD": 0, "SAT": 1, "NO_DATA": 9})
    return save(folder / "calexp.fits", primary(FLUXMAG0=1e11), *hdus)


@lookalike
def lsst_images(folder: Path) -> Path:
    cards = {"MSKN0000": "NO_DATA", "MSKM0000": 1, "MSKN0001": "COSMIC_RAY", "MSKM0001": 4}
    more = {"MSKN0000": "DETECTED", "MSKM0000": 1}
    return save(
        folder / "visit_image.fits",
        primary(DATAMODL="https://images.lsst.io/schemas/visit_image-1.0.0", FMTVER=1, INDXADDR=0),
        packed("IMAGE", sky(), BUNIT="nJy"),
        packed("MASK", flags(1, 4), **cards),
        packed("MASK", flags(0, 0, 1), EXTVER=2, **more),
        packed("VARIANCE", level(9), BUNIT="nJy2"),
        table(),
    )


@lookalike
def background_list(folder: Path) -> Path:
    cards = {"INTERPSTYLE": 5, "BKGD_X0": 0, "BKGD_Y0": 0, "BKGD_WIDTH": 100, "BKGD_HEIGHT": 90}
    return save(
        folder / "calexpBackground.fits",
        primary(level(1), **cards),
        extension("", flags(), **cards),
        extension("", level(0.1), **cards),
    )


@lookalike
def ps1_warp(folder: Path) -> Path:
    name = "rings.v3.skycell.1405.053.wrp.r.55123_4567"
    scaled = fits.CompImageHDU(sky().round().astype("i2"), compression_type="RICE_1")
    scaled.header["HIERARCH FPA.ZP"], scaled.header["EXPTIME"] = 25.0, 100.0
    save(folder / f"{name}.mask.fits", primary(), packed("", flags(1, 0x20, 0x80, dtype="i2")))
    save(folder / f"{name}.wt.fits", primary(), packed("", level(7)))
    return save(folder / f"{name}.fits", primary(), scaled)


@lookalike
def ps1_stack(folder: Path) -> Path:
    name = "rings.v3.skycell.1405.053.stk.r.unconv"
    values = (pixels() / 100).astype("f4")
    save(folder / f"{name}.mask.fits", primary(), packed("", flags(0x20, dtype="i2")))
    cards = {"BOFFSET": 10.0, "BSOFTEN": 2.0, "EXPTIME": 100.0}
    return save(folder / f"{name}.fits", primary(), packed("", values, **cards))


@lookalike
def noirlab(folder: Path) -> Path:
    cards = {"PROCTYPE": "InstCal", "PLVER": "V4.8.2", "MAGZERO": 30.5, "EXPTIME": 90.0}
    stem = "c4d_160316_062107"
    codes = flags(1, 2, 3, 4, 5, 6, 7, 8, 11)
    chips = {"N1": sky(), "S1": sky() + 50}
    for kind, product in (("ooi", "image"), ("ood", "dqmask"), ("oow", "wtmap")):
        planes = [
            packed(
                n, chips[n] if kind == "ooi" else codes if kind == "ood" else level(0.25, [(0, 0)])
            )
            for n in (chips if kind == "ooi" else reversed(chips))  # paired by name, not by place
        ]
        save(folder / f"{stem}_{kind}_z_v1.fits.fz", primary(PRODTYPE=product, **cards), *planes)
    return folder / f"{stem}_ooi_z_v1.fits.fz"


@lookalike
def noirlab_single(folder: Path) -> Path:
    """One CCD, PRODTYPE copied into the side-cars, bits of an old version; Mosaic's ``oki``."""
    cards = {"PROCTYPE": "InstCal", "PRODTYPE": "image", "PLVER": "DECam V1.2"}
    for kind, data in (("oki", sky()), ("ood", flags(2, 16)), ("oow", level(0.25))):
        save(folder / f"k4m_160101_{kind}_g_v1.fits", primary(**cards), extension("ccd1", data))
    return folder / "k4m_160101_oki_g_v1.fits"


@lookalike
def ztf(folder: Path) -> Path:
    stem = "ztf_20180411467847_000535_zr_c10_o_q1"
    save(folder / f"{stem}_mskimg.fits", primary(flags(1, 2, 256, dtype="i2")))
    return save(folder / f"{stem}_sciimg.fits", primary(sky(), MAGZP=26.3, CCDID=10, GAIN=6.2))


@lookalike
def sdss_frame(folder: Path) -> Path:
    vector = extension("", np.full(NX, 0.005, "f4"))
    hdus = (primary(sky(), BUNIT="nanomaggy"), vector, table(), table())
    plain = save(folder / "x.fits", *hdus)
    import bz2

    path = folder / "frame-r-004192-4-0300.fits.bz2"
    path.write_bytes(bz2.compress(plain.read_bytes()))
    plain.unlink()
    return path


@lookalike
def sdss_fpc(folder: Path) -> Path:
    spans = np.array([5, 2, 4, 6, 0, 0], ">i2")  # row 5 from 2 to 4, row 6 at 0
    tables = []
    for plane in range(10):
        heap = np.empty(1, object)
        heap[0] = np.frombuffer(spans.tobytes() if plane == 1 else b"", "u1")
        columns = [
            fits.Column("nspan", "1J", array=[2]),
            fits.Column("s", "PB", array=heap),
        ]
        tables.append(fits.BinTableHDU.from_columns(columns))
    save(
        folder / "fpM-004192-r4-0300.fit",
        primary(MASKROWS=NY, MASKCOLS=NX, NPLANE=10),
        *tables,
    )
    data = sky().round().astype("u2")
    return save(folder / "fpC-004192-r4-0300.fit", primary(data, SOFTBIAS=1000, FLUX20=2000.0))


@lookalike
def legacy_survey(folder: Path) -> Path:
    cards = {"BRICKNAM": "1498p017", "IMTYPE": "image"}
    start = "legacysurvey-1498p017"
    save(folder / f"{start}-maskbits.fits.fz", primary(), packed("", flags(1, 2, 8, 1 << 10)))
    save(folder / f"{start}-invvar-r.fits.fz", primary(), packed("", level(4, [(0, 0)])))
    return save(folder / f"{start}-image-r.fits.fz", primary(), packed("", sky(), **cards))


@lookalike
def hst_flt(folder: Path) -> Path:
    cards = {"BUNIT": "ELECTRONS", "PHOTFLAM": 7.8e-20, "PHOTPLAM": 5921.0}
    return save(
        folder / "j8bt06nyq_flt.fits",
        primary(TELESCOP="HST", INSTRUME="ACS", EXPTIME=60.0),
        extension("SCI", sky(), EXTVER=1, **cards),
        extension("ERR", level(3), EXTVER=1),
        extension("DQ", flags(16, 64, 4096, dtype="i2"), EXTVER=1),
        extension("WCSDVARR", np.zeros((4, 4), "f4")),
    )


@lookalike
def hst_constant(folder: Path) -> Path:
    """Two chips; ERR and DQ are constants without pixels, as OPUS writes them."""
    hdus = [primary(TELESCOP="HST", INSTRUME="STIS")]
    for version in (1, 2):
        size = {"EXTVER": version, "NPIX1": NX, "NPIX2": NY}
        hdus.append(extension("SCI", sky().astype("i2") + version, EXTVER=version))
        hdus.append(extension("ERR", None, PIXVALUE=2.0, **size))
        hdus.append(extension("DQ", None, PIXVALUE=0, **size))
    return save(folder / "o4sp040b0_raw.fits", *hdus)


@lookalike
def hst_drz(folder: Path) -> Path:
    return save(
        folder / "j8bt06011_drz.fits",
        primary(TELESCOP="HST"),
        extension("SCI", sky(), BUNIT="ELECTRONS/S", PHOTFLAM=7.8e-20, PHOTPLAM=5921.0),
        extension("WHT", level(600, [(0, 0), (0, 1)])),
        extension("CTX", flags(1, 2, 3)),
    )


def _webb(name: str) -> tuple[Any, Any]:
    return primary(TELESCOP="JWST"), extension(name, sky(), BUNIT="MJy/sr", PIXAR_SR=2.8e-13)


@lookalike
def jwst_cal(folder: Path) -> Path:
    head, sci = _webb("SCI")
    quality = flags(1, 2, 512, dtype="u4")
    quality[5, 3] = 1 << 31
    return save(
        folder / "jw01_cal.fits",
        head,
        sci,
        extension("DQ", quality),
        extension("VAR_POISSON", level(1)),
        extension("ERR", level(2)),
        extension("AREA", level(1)),
        table(),
    )


@lookalike
def jwst_variances(folder: Path) -> Path:
    head, sci = _webb("SCI")
    parts = [
        extension(f"VAR_{n}", level(v)) for n, v in (("POISSON", 1), ("RNOISE", 2), ("FLAT", 4))
    ]
    return save(folder / "jw02_crf.fits", head, sci, *parts)


@lookalike
def jwst_i2d(folder: Path) -> Path:
    head, sci = _webb("SCI")
    con = extension("CON", np.ones((1, NY, NX), "i4"))
    weight = extension("WHT", level(5, [(0, 0)]))
    return save(
        folder / "jw01_i2d.fits", head, sci, extension("ERR", level(2)), con, weight, table()
    )


@lookalike
def swarp(folder: Path) -> Path:
    save(folder / "field.resamp.weight.fits", primary(level(3, [(0, 0)]), SOFTNAME="SWarp"))
    return save(
        folder / "field.resamp.fits",
        primary(sky(), SOFTNAME="SWarp", FLXSCALE=0.5, FLASCALE=0.8, MAGZP=30.0),
    )


@lookalike
def gemini(folder: Path) -> Path:
    return save(
        folder / "gS2003.fits",
        primary(TELESCOP="Gemini-South", INSTRUME="GMOS-S"),
        extension("SCI", sky()),
        extension("VAR", level(6)),
        extension("DQ", flags(1, 8, 32, dtype="i2")),
        extension("SKYFIT", sky()),
    )


@lookalike
def sci_err_mask(folder: Path) -> Path:
    return save(
        folder / "lco.fits",
        primary(TELESCOP="1m0-13"),
        extension("SCI", sky()),
        extension("BPM", flags(1, 2, dtype="u1")),
        extension("ERR", level(3)),
    )


def _ccddata(folder: Path, utype: str | None, values: float) -> Path:
    cards = {} if utype is None else {"UTYPE": utype}
    return save(
        folder / f"ccd_{utype or 'bare'}.fits",
        primary(sky(), BUNIT="adu"),
        extension("MASK", flags(1, 1, dtype="u1")),
        extension("UNCERT", level(values), **cards),
        extension("PSFIMAGE", np.ones((5, 5), "f4")),
    )


@lookalike
def ccddata_std(folder: Path) -> Path:
    return _ccddata(folder, "StdDevUncertainty", 3)


@lookalike
def ccddata_bare(folder: Path) -> Path:
    return _ccddata(folder, None, 3)


@lookalike
def ccddata_var(folder: Path) -> Path:
    return _ccddata(folder, "VarianceUncertainty", 9)


@lookalike
def ccddata_ivar(folder: Path) -> Path:
    return _ccddata(folder, "InverseVariance", 0.125)


@lookalike
def kbmod(folder: Path) -> Path:
    hdus = [extension("", data) for data in (sky(), flags(1, 4).astype("f4"), level(9))]
    return save(folder / "layers.fits", primary(MJD=57000.5), *hdus)


@lookalike
def sci_rms(folder: Path) -> Path:
    save(folder / "xdf_f105w_rms.fits", primary(level(0.5)))
    return save(folder / "xdf_f105w_sci.fits", primary(sky(), BUNIT="ELECTRONS/S"))


@lookalike
def bok_weight(folder: Path) -> Path:
    save(folder / "p7430g0130_1.wht.fits", primary(level(2, [(0, 0)])))
    return save(folder / "p7430g0130_1.fits", primary(sky()))


@lookalike
def three_files(folder: Path) -> Path:
    """An old LSST MaskedImage: ``_img``, ``_msk`` with MP_ cards, ``_var``."""
    save(folder / "small_msk.fits", primary(flags(1, 8), MP_BAD=0, MP_CR=3))
    save(folder / "small_var.fits", primary(level(4)))
    return save(folder / "small_img.fits", primary(sky()))


@lookalike
def multi_chip(folder: Path) -> Path:
    hdus = [packed(name, sky().round().astype("i2"), INHERIT=True) for name in ("S1", "S2", "N1")]
    return save(folder / "raw.fits.fz", primary(PROCTYPE="raw"), *hdus)


@lookalike
def rgb(folder: Path) -> Path:
    return save(folder / "colour.fits", primary(np.stack([sky(), sky() + 1, sky() + 2])))


@lookalike
def cube(folder: Path) -> Path:
    return save(folder / "cube.fits", primary(np.stack([sky() + n for n in range(5)])))


@lookalike
def degenerate(folder: Path) -> Path:
    return save(folder / "radio.fits", primary(sky()[None, None], BUNIT="JY/BEAM"))


@lookalike
def siril(folder: Path) -> Path:
    cards = {"ROWORDER": "TOP-DOWN", "BAYERPAT": "RGGB"}
    return save(folder / "light.fit", primary(sky().round().astype("u2"), **cards))


@lookalike
def integers(folder: Path) -> Path:
    hdu = primary(sky().round().astype("i2"), BLANK=-32768)
    hdu.data[0, 0] = -32768
    return save(folder / "ints.fits", hdu)
