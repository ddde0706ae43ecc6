"""What is done with exposures that bring no DETECTED plane, or lie on another pixel grid."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from bgviewer.engine.acceptance import LIMITS
from bgviewer.engine.detection import DETECTION, Detection
from bgviewer.engine.plan import StackPlan
from bgviewer.engine.verdict import STATES
from bgviewer.errors import ConfigError
from bgviewer.io.detect import check_sep

__all__ = [
    "add_fail_unless",
    "add_ignore_masked",
    "add_min_overlap",
    "add_stack_options",
    "gather_align",
    "with_detection",
    "with_ignore_masked",
    "with_min_overlap",
]

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


def add_ignore_masked(parser: argparse.ArgumentParser) -> None:
    """Add the option to the parser of a command that sweeps."""
    parser.add_argument(
        "--ignore-masked",
        action="store_true",
        help="let a sweep judge unmasked pixels only: for masks over what nobody cares about "
        "(without it a setting must also behave over masked pixels that both exposures cover)",
    )


def add_min_overlap(parser: argparse.ArgumentParser) -> None:
    """Add the option to the parser of a command that matches exposures."""
    opt = LIMITS["min_overlap"]
    parser.add_argument(
        "--min-overlap",
        metavar="SHARE",
        help=f"{opt.help[0].lower()}{opt.help[1:]} From 0 to 1, or as 5%% (default {opt.default})",
    )


def add_fail_unless(parser: argparse.ArgumentParser) -> None:
    """Add the option to the parser of a command that judges matches."""
    parser.add_argument(
        "--fail-unless",
        choices=STATES[:2],
        metavar="good|check",
        help="end with exit code 5 unless every verdict is at least this: good, or check "
        "(nothing is bad); without it verdicts are told and do not count",
    )


def with_min_overlap(arguments: argparse.Namespace, plan: StackPlan) -> StackPlan:
    """Return the plan with the smallest overlap that the arguments ask for.

    Raises
    ------
    ConfigError
        For a value that is no share.
    """
    text = getattr(arguments, "min_overlap", None)
    if text is None:
        return plan
    digits = text.strip().removesuffix("%").strip()
    try:
        share = float(digits)
    except ValueError:
        raise _no_share(text) from None
    # a share is never above 1, so that 5 can only be meant as 5 %
    if text.strip().endswith("%") or share > 1:
        share /= 100
    if not 0 <= share <= 1:
        raise _no_share(text)
    return replace(plan, acceptance=replace(plan.acceptance, min_overlap=share))


def _no_share(text: str) -> ConfigError:
    return ConfigError(
        f"--min-overlap {text}: must be a share from 0 to 1, or a percentage such as 5%",
        field="min_overlap",
        value=text,
    )


def with_ignore_masked(arguments: argparse.Namespace, plan: StackPlan) -> StackPlan:
    """Return the plan with what the arguments say about masked pixels in a sweep."""
    return replace(plan, ignore_masked=True) if getattr(arguments, "ignore_masked", False) else plan


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
