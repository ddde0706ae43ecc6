"""What an export can be asked for, by name: apart from what does it, which is slow to import."""

from __future__ import annotations

__all__ = ["COMPRESSIONS", "REPORT_FORMATS", "SIGNS"]

SIGNS = {"add": ("ADD", "bgdiff"), "subtract": ("SUBTRACT", "skycorr")}
"""How a BackgroundList is to be used -> the card BGVSIGN and the end of the file's name."""

COMPRESSIONS = ("none", "gzip", "rice")
"""How planes that are not compressed yet are to be written."""

REPORT_FORMATS = ("ecsv", "fits", "csv")
"""Endings of a report's name."""
