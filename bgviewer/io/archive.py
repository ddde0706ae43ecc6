"""The table archive of LSST exposures, as far as bgviewer reads it: the photometric calibration.

Tables are read as raw rows through their own headers; the bytes that a later export copies are
never interpreted.  Source: FORMATS 1.1, 1.5.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bgviewer.io.layout import FitsFile, Hdu, card_value
from bgviewer.io.photometry import NANOJANSKY

__all__ = ["archive_warning", "photo_calib_zero_point"]

_FORMS = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
_FORM = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ])")
_WIDTHS = {"C": 8, "M": 16, "P": 8, "Q": 16}


def _whole(hdu: Hdu, name: str) -> int | None:
    value = card_value(hdu.header, name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _rows(file: FitsFile, hdu: Hdu) -> NDArray[Any] | None:
    """Return the table's fixed part as a structured array; None for what is no binary table."""
    if not hdu.is_table or card_value(hdu.header, "XTENSION", "").strip() != "BINTABLE":
        return None
    width, count, fields = (_whole(hdu, key) for key in ("NAXIS1", "NAXIS2", "TFIELDS"))
    if not width or not count or not fields:
        return None
    names: list[str] = []
    forms: list[Any] = []
    for n in range(1, fields + 1):
        match = _FORM.match(str(card_value(hdu.header, f"TFORM{n}", "")))
        name = card_value(hdu.header, f"TTYPE{n}", f"column {n}")
        if match is None or not isinstance(name, str) or name in names:
            return None
        repeat, code = int(match[1] or 1), match[2]
        names.append(name)
        if code in _FORMS:
            forms.append(_FORMS[code] if repeat == 1 else (_FORMS[code], (repeat,)))
        elif code == "X":
            forms.append(("u1", (-(-repeat // 8),)))
        else:
            forms.append(f"V{repeat * _WIDTHS.get(code, 1)}")
    dtype = np.dtype({"names": names, "formats": forms})
    if dtype.itemsize != width:
        return None
    data = file.read_bytes(hdu.data_start, hdu.data_start + width * count)
    return np.frombuffer(data, dtype=dtype)


def _archive_index(file: FitsFile) -> int | None:
    """Return the index of the archive's first HDU (``AR_HDU`` counts from 1)."""
    position = _whole(file.hdus[0], "AR_HDU")
    return None if position is None else position - 1


def archive_warning(file: FitsFile) -> str | None:
    """Say when tables of the archive are missing; a file cut between HDUs shows no other sign."""
    first = _archive_index(file)
    if first is None:
        return None
    if not 0 < first < len(file.hdus):
        return f"the archive of tables (HDU {first}) is missing; the file was probably cut short"
    index = file.hdus[first]
    wanted = _whole(index, "AR_NCAT")
    rest = len(file.hdus) - first
    # AR_NCAT counts the index itself.
    if wanted is not None and rest < wanted:
        return f"the archive holds {rest} of {wanted} tables; the file was probably cut short"
    return None


def photo_calib_zero_point(file: FitsFile, warnings: list[str]) -> float | None:
    """Return the AB zero point of the archived PhotoCalib, or None when there is none to read."""
    first = _archive_index(file)
    wanted = _whole(file.hdus[0], "PHOTOCALIB_ID")
    if wanted is None:
        wanted = _whole(file.hdus[0], "ARCHIVE_ID_PHOTOCALIB")
    if first is None or wanted is None or not 0 < first < len(file.hdus):
        return None
    entry = _catalog_row(file, first, wanted)
    if entry is None:
        warnings.append("the photometric calibration in the archive could not be read")
        return None
    mean = float(entry["calibrationMean"])
    names = entry.dtype.names or ()
    if "flags" in names and not int(np.atleast_1d(entry["flags"])[0]) & 0x80:
        warnings.append("spatially varying calibration not applied; its mean is used")
    return NANOJANSKY - 2.5 * float(np.log10(mean)) if np.isfinite(mean) and mean > 0 else None


def _catalog_row(file: FitsFile, first: int, wanted: int) -> Any:
    rows = _rows(file, file.hdus[first])
    needed = {"id", "cat.archive", "cat.persistable", "row0"}
    if rows is None or not needed <= set(rows.dtype.names or ()):
        return None
    hits = rows[(rows["id"] == wanted) & (rows["cat.persistable"] == 0)]
    if not len(hits):
        return None
    place, row = first + int(hits[0]["cat.archive"]), int(hits[0]["row0"])
    if not first < place < len(file.hdus):
        return None
    table = _rows(file, file.hdus[place])
    if table is None or "calibrationMean" not in (table.dtype.names or ()):
        return None
    return table[row] if 0 <= row < len(table) else None
