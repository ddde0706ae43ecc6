"""What `bgviewer sweep` may be told; knows no numbers, so that help is quick."""

from __future__ import annotations

import argparse

__all__ = ["FILES", "add_sweep_options"]

FILES = ("sweep.json", "config-stack.toml", "config-exposures.toml")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: whole numbers, such as 256,128,64") from error


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip().upper() for part in text.split(",") if part.strip())


def add_sweep_options(parser: argparse.ArgumentParser) -> None:
    """Declare what only this command has."""
    parser.add_argument(
        "-o", "--output", metavar="DIR", help=f"write {', '.join(FILES)} into this folder"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing output files")
    parser.add_argument(
        "--reference",
        metavar="NAME|auto",
        help="reference exposure by name or path; auto (default) takes the best of the ranking",
    )
    parser.add_argument(
        "--bin-sizes", type=_numbers, metavar="N,N", help="sizes to try, such as 256,128,64"
    )
    parser.add_argument(
        "--orders", type=_numbers, metavar="N,N", help="polynomial orders to try; '' for none"
    )
    parser.add_argument(
        "--styles",
        type=_words,
        metavar="S,S",
        help="splines to try, such as LINEAR,AKIMA_SPLINE; '' for none",
    )
    parser.add_argument(
        "--statistics",
        type=_words,
        metavar="S,S",
        help="grid statistics to try, such as MEAN,MEDIAN (default MEAN,MEANCLIP and that of the "
        "settings)",
    )
    parser.add_argument(
        "--penalty-orders",
        type=_numbers,
        metavar="N,N",
        help="P-splines to try by the order of their penalty, 2 or 3 (default both); '' for none",
    )
    parser.add_argument(
        "--no-centroids",
        action="store_true",
        help="take values of cells for those at their middles (cellCentroids off), as LSST",
    )
    parser.add_argument(
        "--tile",
        type=int,
        metavar="N",
        help="side of the held-out tiles in pixels (default 16, at most half the smallest binSize)",
    )
    parser.add_argument("--folds", type=int, default=5, metavar="K", help="folds (default 5)")
    parser.add_argument(
        "--hold-out",
        choices=("tiles", "blocks"),
        default="tiles",
        help="interleaved tiles (default), or contiguous blocks of 8 x 8 tiles: judges how well "
        "models bridge gaps",
    )
