"""python -m tests.pictures: make the pictures in screenshots/ anew.

    python -m tests.pictures                 all pictures
    python -m tests.pictures ranking split   some of them
    python -m tests.pictures --check DIR     all, in every look (light, dark; scale 1, 2; two sizes)

The main picture shows real exposures when BGVIEWER_TEST_DATA names a folder that has them, with the
credit line the README carries beside it; without them it is left as it is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.pictures.scenes import SCENES, Scene
from tests.pictures.studio import Look, Studio, real_stack

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "screenshots"
SIZES = ((1280, 720), (1920, 1200))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCENES))
    parser.add_argument("--check", type=Path, metavar="DIR", help="every look, into this folder")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)  # NAME FILE SIZE DARK SCALE
    return parser


def _start(scene: Scene, target: Path, look: Look) -> int:
    """Draw one scene in a process of its own: Qt takes its scale once, at the start."""
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "QT_SCALE_FACTOR": str(look.scale),
        "QT_LOGGING_RULES": "qt.qpa.*=false",
    }
    size = f"{look.size[0]}x{look.size[1]}"
    one = [scene.name, str(target), size, str(int(look.dark)), str(look.scale)]
    command = [sys.executable, "-m", "tests.pictures", "--one", *one]
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode
    done = f"{target.stat().st_size // 1024} kB" if code == 0 else "FAILED"
    print(f"{target.name}: {done}", flush=True)
    return code


def _draw(name: str, target: str, size: str, dark: str, scale: str) -> int:
    width, height = (int(part) for part in size.split("x"))
    look = Look((width, height), bool(int(dark)), int(scale))
    with Studio(look) as studio:
        SCENES[name].draw(studio).save(target)
    return 0


def main() -> int:
    """Draw what was asked for; return how many pictures failed."""
    arguments = _parser().parse_args()
    if arguments.one:
        return _draw(*arguments.one)
    wanted = [SCENES[name] for name in arguments.names or SCENES]
    folder = arguments.check or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for scene in wanted:
        if scene.real and real_stack() is None:
            print(f"{scene.name}: needs real exposures (BGVIEWER_TEST_DATA), left as it is")
            continue
        if arguments.check is None:
            failed += bool(_start(scene, folder / f"{scene.name}.png", scene.look))
            continue
        for size in SIZES:
            for dark in (False, True):
                for scale in (1, 2):
                    word = f"{scene.name}-{size[0]}-{'dark' if dark else 'light'}-{scale}.png"
                    failed += bool(_start(scene, folder / word, Look(size, dark, scale)))
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
