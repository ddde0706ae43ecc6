"""What is done with exposures that bring no DETECTED plane, or lie on another pixel grid."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from bgviewer.engine.detection import DETECTION, Detection
from bgviewer.engine.plan import StackPlan
from bgviewer.errors import ConfigError
from bgviewer.io.detect import check_sep

__all__ = ["add_stack_options", "gather_align", "with_detection"]

_FLAGS = {"min_area": "--detect-min-area", "grow": "--detect-grow"}


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command that matches or ranks exposures."""
    group = parser.add_argument_group("exposures without source mask, or of another pixel grid")
    sigma = DETECTION["sigma"]
    group.add_argument(
        "--detect",
        nargs="?",
        const=str(sigma.default),
        metavar="SIGMA",
        help="detect sources (package sep) in exposures that bring no DETECTED mask plane; SIGMA "
        f"is the threshold over the local background (default {sigma.default:g}); put -- between "
        "a --detect without SIGMA and PATHs that follow",
    )
    for name, flag in _FLAGS.items():
        opt = DETECTION[name]
        group.add_argument(
            flag,
            dest=f"detect_{name}",
            metavar="PIXELS",
            help=f"with --detect: {opt.help[0].lower()}{opt.help[1:]} Default: {opt.default}",
        )
    group.add_argument(
        "--no-detect", action="store_true", help="no detection, whatever the settings file says"
    )
    group.add_argument(
        "--align",
        action="store_true",
        help="re-project exposures that lie on another pixel grid onto that of the reference "
        "(package reproject): image bilinear, variance by squared weights, mask nearest; files "
        "stay untouched",
    )


def with_detection(arguments: argparse.Namespace, plan: StackPlan) -> StackPlan:
    """Return the plan with what the arguments say about source detection.

    Raises
    ------
    ConfigError
        For a value out of range, or when sep is not installed.
    """
    detection = plan.detection
    if getattr(arguments, "no_detect", False):
        return replace(plan, detection=None)
    given: dict[str, Any] = {}
    if (sigma := getattr(arguments, "detect", None)) is not None:
        given["sigma"] = _number("sigma", sigma)
        detection = detection or Detection()
    for name, flag in _FLAGS.items():
        if (text := getattr(arguments, f"detect_{name}", None)) is not None:
            given[name] = _number(name, text)
            if detection is None:
                raise ConfigError(f"{flag} needs --detect: sources are not detected", field=name)
    if detection is not None:
        check_sep()
        detection = replace(detection, **given)
    return replace(plan, detection=detection)


def _number(name: str, text: str) -> float | int:
    opt = DETECTION[name]
    try:
        value = int(text) if opt.kind == "int" else float(text)
    except ValueError:
        raise opt.error(text) from None
    checked: float | int = opt.check(value)
    return checked


def gather_align(
    arguments: argparse.Namespace, extra: dict[str, Any], reference: str | None
) -> bool | str:
    """Return whether to align, and onto the grid of which exposure: the reference's if named."""
    wanted = getattr(arguments, "align", False) or extra.get("align", False)
    return (reference or True) if wanted else False
