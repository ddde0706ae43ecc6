"""Peak memory of one match above its inputs, in float32 images."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from tests.benchmarks.timing import Row

_MATCH = """
import resource, sys
from bgviewer import MatchConfig, match_backgrounds
from tests.benchmarks.scenes import same_mask_pair
side = int(sys.argv[1])
pair = same_mask_pair(side)
small = same_mask_pair(64)
match_backgrounds(*small, MatchConfig())          # load everything that is loaded late
with open('/proc/self/clear_refs', 'w') as peak:  # forget the peak of making the scene
    peak.write('5')
def status(name):
    for line in open('/proc/self/status'):
        if line.startswith(name):
            return int(line.split()[1]) * 1024
before = status('VmRSS')
result = match_backgrounds(*pair, MatchConfig(grid_statistic=sys.argv[2]))
print((status('VmHWM') - before) / (4 * side * side))
"""


def run(quick: bool) -> Iterator[Row]:
    side = 2048 if quick else 4096
    for statistic in ("MEAN", "MEDIAN", "MEANCLIP"):
        done = subprocess.run(
            [sys.executable, "-c", _MATCH, str(side), statistic],
            check=True,
            capture_output=True,
            text=True,
        )
        images = float(done.stdout)
        yield Row(
            "memory",
            f"match, {statistic}, {side}²: peak above inputs",
            images,
            None,
            images,
            3.0,
            unit="float32 images",
            peer_name="",
        )
