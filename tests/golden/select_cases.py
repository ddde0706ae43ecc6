"""Select the golden cases that the project carries: ``python -m tests.golden.select_cases FOLDER``.

Takes the groups statistics, interp1d, background and run whole, every failing pair, and of the
other pairs a small set in which every scene, style, statistic, undersample style, weighting,
clip setting, plane list, scale and warning occurs, and one case of every note of the ranking.
Big lattices are thinned, equal arrays stored once, options at their default left out.
"""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np

from .cases import DATA, Goldens

TOO_BIG = ("L4k",)  # seconds to build, nothing in it that L2k has not
LATTICE = 24


def features(case):
    """What one matched pair exercises."""
    c, result = case["config"], case["result"]
    kind = (
        ("polynomial", c["approxWeighting"], result["usedWeighting"])
        if c["usePolynomial"]
        else (c["interpStyle"], result["asUsedInterpStyle"])
    )
    yield ("scene", case["scene"])
    yield ("kind", *kind)
    yield ("style and statistic", kind[0], c["gridStatistic"])
    yield ("undersample", c["usePolynomial"], c["undersampleStyle"], len(case["warnings"]) > 0)
    yield ("style and undersample", kind[0], c["undersampleStyle"])
    yield ("planes", *c["badMaskPlanes"])
    yield ("clip", c["numSigmaClip"], c["numIter"])
    yield ("epsilon", c["gridStdevEpsilon"], c["usePolynomial"])
    yield ("scale", *case["scale"])
    yield ("order", result["usedOrder"])
    yield ("lost", result["modelNanCount"] > 0, str(result["fitRMS"]) == "nan")
    for warning in case["warnings"]:
        yield ("warning", warning["kind"], case["scene"])


def cover(cases, size_of):
    """Greedy cover: the case with most new features per byte until all are there."""
    wanted = {f for c in cases for f in features(c)}
    chosen, rest = [], list(cases)
    while wanted:
        best = max(rest, key=lambda c: len(wanted & set(features(c))) / (2000 + size_of(c)))
        chosen.append(best)
        rest.remove(best)
        wanted -= set(features(best))
    return chosen


def thin(stored):
    """Keep at most LATTICE rows and columns of the model images, the edges among them."""
    picks = []
    for axis in ("rows", "cols"):
        n = len(stored[axis])
        picks.append(np.unique(np.linspace(0, n - 1, min(n, LATTICE)).round().astype(int)))
    lattice = tuple(len(stored[axis]) for axis in ("rows", "cols"))
    out = {}
    for name, array in stored.items():
        if name.startswith("model"):
            assert array.shape == lattice, name
            array = array[np.ix_(*picks)]
        out[name] = array
    out["rows"], out["cols"] = stored["rows"][picks[0]], stored["cols"][picks[1]]
    return out


def save(case, stored):
    """Write the arrays of one case."""
    target = DATA / case["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, **stored)


def pooled(goldens, cases, file):
    """Store the exposures of many cases, each array once."""
    pool, out = {}, []
    for case in cases:
        keys = []
        for planes in goldens.exposures(case):
            keys.append(planes and {})
            for name, array in (planes or {}).items():
                key = name[0] + hashlib.sha256(array.tobytes()).hexdigest()[:15]
                pool[key] = array
                keys[-1][name] = key
        out.append({**case, "file": file, "planes": keys})
    np.savez_compressed(DATA / file, **pool)
    return out


def main():
    goldens = Goldens(sys.argv[1])
    pairs = [c for c in goldens["match"] if c["scene"] not in TOO_BIG]
    failing = [c for c in pairs if "error" in c]
    stable = [c for c in pairs if "error" not in c and c["sensitivity"] != "unstable"]
    unstable = [c for c in pairs if c.get("sensitivity") == "unstable"][:3]
    chosen = cover(stable, lambda c: (goldens.folder / c["file"]).stat().st_size)
    default = next(c["config"] for c in goldens["match"] if c["config"]["binSize"] == 256)
    usual = {k: v for k, v in default.items() if k not in ("binSize", "undersampleStyle")}
    DATA.mkdir(exist_ok=True)
    for case in chosen + unstable:
        save(case, thin(goldens.arrays(case)))
    for case in goldens["background"]:
        if "file" in case:
            save(case, thin(goldens.arrays(case)))
    notes = {}
    for case in goldens["ranking"]:
        if case.get("error", {}).get("kind") != "length_mismatch":  # no such call here
            notes.setdefault(case["note"], case)
    match = sorted(chosen + failing + unstable, key=lambda c: (c["scene"], c["id"]))
    for case in match:
        case["config"] = {k: v for k, v in case["config"].items() if usual.get(k) != v}
        case["config"]["interpStyle"] = case["config"].get("interpStyle", usual["interpStyle"])
    scenes = {c["scene"] for c in match} | {c["scene"] for c in goldens["background"]}
    manifest = {
        "scenes": {
            name: {k: v for k, v in goldens["scenes"][name].items() if k != "stored"}
            for name in sorted(scenes)
        },
        "match": match,
        "ranking": pooled(goldens, notes.values(), "ranking.npz"),
        "statistics": goldens["statistics"],
        "interp1d": goldens["interp1d"],
        "background": goldens["background"],
        "run": pooled(goldens, goldens["run"], "run.npz"),
    }
    text = json.dumps(manifest, separators=(",", ":")).replace('},{"id"', '},\n{"id"')
    (DATA / "manifest.json").write_text(text + "\n", encoding="utf-8")
    print({k: len(v) for k, v in manifest.items()})


if __name__ == "__main__":
    main()
