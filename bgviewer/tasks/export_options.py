"""What may be said of the files an export writes: declared once for window and command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bgviewer.io.choices import COMPRESSIONS, REPORT_FORMATS, SIGNS

__all__ = ["EXPORT_OPTIONS", "ExportOption", "export_fields"]


@dataclass(frozen=True)
class ExportOption:
    """One thing a person can say.

    Attributes
    ----------
    name : str
        Key for `export_fields`.
    flag : str
        On the command line.
    kind : {"switch", "choice", "list"}
    title : str
        Label in the window.
    help : str
        What it does.
    example : str
        One worked sentence.
    default : object
        A switch that is on by default is turned off by its flag.
    allowed : mapping of str to str
        Values of a choice or a list, and what the window calls them.
    """

    name: str
    flag: str
    kind: str
    title: str
    help: str
    example: str
    default: Any
    allowed: Mapping[str, str] | None = None


_SIGN_TITLES = {"add": "to be added (bgdiff)", "subtract": "to be subtracted (skycorr)"}
_COMPRESSION_TITLES = {
    "none": "none",
    "gzip": "gzip, loses nothing",
    "rice": "rice, rounds the image",
}
_ALL = (
    ExportOption(
        "background_list",
        "--background-list",
        "switch",
        "Models for LSST's pipelines (BackgroundList)",
        "write each model as LSST's BackgroundList too (NAME_bgdiff.fits), with the largest "
        "difference between the model and what that list gives in the report",
        "lsst.afw.math.BackgroundList.readFits takes demo_02_bgdiff.fits.",
        False,
    ),
    ExportOption(
        "list_sign",
        "--list-sign",
        "choice",
        "Sign of the BackgroundList",
        "how a pipeline shall use the list: add it to the exposure as the match does (default), "
        "or subtract it like a skyCorr (NAME_skycorr.fits)",
        "A coaddition that applies skyCorr files subtracts them: choose subtract there.",
        "add",
        {sign: _SIGN_TITLES[sign] for sign in SIGNS},
    ),
    ExportOption(
        "compress",
        "--compress",
        "choice",
        "Compression",
        "compress image, mask and variance: gzip loses nothing; rice rounds the image (alone) to "
        "a sixteenth of its noise (default: none)",
        "Rice makes an image about a fifth of its size; its noise grows by 0.02 %.",
        "none",
        {name: _COMPRESSION_TITLES[name] for name in COMPRESSIONS},
    ),
    ExportOption(
        "coefficients",
        "--no-coefficients",
        "switch",
        "Coefficients of polynomials, as a table",
        "leave the table of a polynomial's coefficients (CHEBYSHEV) out of NAME_background.fits",
        "Degree 1, 0 with 12.5 means a slope of 12.5 counts from the middle to the edge.",
        True,
    ),
    ExportOption(
        "report_formats",
        "--report-format",
        "list",
        "Report",
        f"formats of the report with commas: {','.join(REPORT_FORMATS)} (default: ecsv)",
        "CSV opens in a spreadsheet; ECSV keeps units and settings.",
        ("ecsv",),
        {name: name.upper() for name in REPORT_FORMATS},
    ),
    ExportOption(
        "metrics",
        "--no-metrics",
        "switch",
        "Depth and residual power (metrics.json)",
        "leave out metrics.json: noise of blank apertures, limiting surface brightness, residual "
        "power against scale and the bin size on the sky, of every match and of the stack's mean",
        "A limit of 28.1 mag/arcsec² (3 sigma, 10″ × 10″) of the difference stands there.",
        True,
    ),
)
EXPORT_OPTIONS: Mapping[str, ExportOption] = {option.name: option for option in _ALL}


def export_fields(
    background_list: bool = False,
    list_sign: str = "add",
    compress: str = "none",
    coefficients: bool = True,
    report_formats: Iterable[str] = ("ecsv",),
    metrics: bool = True,
) -> dict[str, Any]:
    """Return what was said as fields of an `ExportRequest`."""
    return {
        "background_list": list_sign if background_list else None,
        "compress": compress,
        "coefficients": coefficients,
        "report_formats": tuple(report_formats),
        "metrics": metrics,
    }
