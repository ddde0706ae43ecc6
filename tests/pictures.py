"""python -m tests.pictures: make the pictures in screenshots/ anew.

The main picture shows real exposures when BGVIEWER_TEST_DATA names a folder that has them, with the
credit line the README carries beside it; without them it is left as it is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "screenshots"


def _draw(picture: str, *arguments: object) -> None:
    target = FOLDER / picture
    command = [sys.executable, "-m", "bgviewer", "--screenshot", str(target)]
    subprocess.run([*command, *map(str, arguments)], check=True, cwd=ROOT)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} kB")


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    data = os.environ.get("BGVIEWER_TEST_DATA")
    real = None if data is None else Path(data) / "stacks" / "vircam_h_moonlit"
    if real is not None and real.is_dir():
        _draw("main.png", real)
    else:
        print("no real exposures (BGVIEWER_TEST_DATA): main.png left as it is")
    with tempfile.TemporaryDirectory() as folder:
        from bgviewer.tasks.demo import write_demo_stack

        write_demo_stack(Path(folder))
        _draw("demo.png", folder, "-c", "binSize=128")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
