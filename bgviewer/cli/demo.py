"""`bgviewer demo`: the whole job on a generated stack, in the window or without one."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bgviewer.cli import exits
from bgviewer.cli.matching import match_and_export
from bgviewer.cli.output import print_line, say
from bgviewer.cli.settings import Settings
from bgviewer.cli.signals import stoppable_progress
from bgviewer.errors import WriteError
from bgviewer.io.transaction import reason_of, recover
from bgviewer.tasks.demo import DEMO_CONFIG, write_demo_stack

if TYPE_CHECKING:
    from bgviewer.cli.run import WindowRequest

__all__ = ["run_demo"]

DEFAULT_NAME = "bgviewer-demo"


def run_demo(arguments: argparse.Namespace, window: Callable[[WindowRequest], int]) -> int:
    """Generate the stack; open the window on it where there is a display, else do the job."""
    from bgviewer.cli.run import WindowRequest, has_display

    folder = _folder(arguments.output)
    stack_folder = folder / "stack"
    for note in recover(stack_folder).notes:
        say(note)
    try:
        with stoppable_progress() as progress:
            write_demo_stack(stack_folder, progress=progress)
    except OSError as error:
        if isinstance(error, WriteError):
            raise
        raise WriteError(folder, f"cannot be made: {reason_of(error)}") from error
    request = WindowRequest(paths=(str(stack_folder),), config=DEMO_CONFIG)
    if has_display() and not arguments.headless:
        code = window(request)
        if code != exits.NO_DISPLAY:
            return code
    return _headless(request, folder, window)


def _headless(request: WindowRequest, folder: Path, window: Callable[[WindowRequest], int]) -> int:
    """Rank, match and export; then a picture of the window if Qt can draw one here."""
    from bgviewer.cli.run import WindowRequest

    matched = folder / "matched"
    arguments = argparse.Namespace(
        paths=list(request.paths),
        output=str(matched),
        overwrite=True,
        no_reference=False,
        dry_run=False,
        json=False,
    )
    code = match_and_export(arguments, Settings(DEMO_CONFIG))
    if code not in (exits.ALL_MATCHED, exits.SOME_FAILED):
        return code
    picture = folder / "demo.png"
    drawn = window(WindowRequest(paths=request.paths, config=DEMO_CONFIG, screenshot=str(picture)))
    print_line(f"generated stack:   {folder / 'stack'}")
    print_line(f"matched exposures: {matched}")
    if drawn == exits.ALL_MATCHED:
        print_line(f"the window:        {picture}")
    else:
        say("everything is done but the picture of the window (see above)")
    print("The last exposure cannot be matched, on purpose: its pixels are twice as wide.")
    return exits.ALL_MATCHED


def _folder(wanted: str | None) -> Path:
    """Return the folder for the demo; without a wish one that can be written to."""
    if wanted is not None:
        return Path(wanted)
    here = Path(DEFAULT_NAME)
    try:
        here.mkdir(exist_ok=True)
        (here / "stack").mkdir(exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix=f"{DEFAULT_NAME}-"))
    return here
