"""A terminal gets its own encoding and no control characters, and may be gone."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from bgviewer.cli.text import encodable, escape_json, one_line, printable
from tests.stacks import write_small_stack

HOSTILE = "\x1b[31mred\r\x07\u202etxt\x9b2J"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

ENCODINGS = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    "cp1252": {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"},
    "gbk": {"PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0"},
    "utf-16": {"PYTHONIOENCODING": "utf-16", "PYTHONUTF8": "0"},
}


def run(*words: object, shell: str = '"$@"', **environment: str) -> subprocess.CompletedProcess:
    command = [os.fsencode(w) if isinstance(w, os.PathLike) else str(w) for w in words]
    return subprocess.run(
        ["/bin/sh", "-c", shell, "sh", sys.executable, "-m", "bgviewer", *command],
        env=os.environ | environment,
        capture_output=True,
        timeout=90,
    )


@pytest.fixture(scope="module")
def strange(tmp_path_factory):
    """A stack with escapes, a line break, bytes that are no UTF-8 and a formula as names."""
    folder = tmp_path_factory.mktemp("strange")
    names = [f"a{HOSTILE}.fits", "b\nbgviewer: 9 matched.fits", "-2+3 é日本.fits", "=1+2.fits"]
    paths = write_small_stack(folder)
    for path, name in zip(paths, names, strict=True):
        path.rename(folder / name)
    with open(os.fsencode(folder) + b"/d\xff\xe9.fits", "wb") as out:
        out.write((folder / names[2]).read_bytes())
    return folder


@pytest.mark.parametrize("name", ENCODINGS)
def test_any_encoding_will_do(strange, tmp_path, name):
    done = run("match", strange, "-o", tmp_path / "out", **ENCODINGS[name])
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    report = (tmp_path / "out" / "report.ecsv").read_text(encoding="utf-8")
    assert "é日本" in report
    assert "d\\xff\\xe9" in report
    (tmp_path / "out" / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["C", "ascii", "cp1252", "gbk"])
def test_json_is_json_in_any_encoding(strange, name):
    done = run("rank", strange, "--json", **ENCODINGS[name])
    encoding = {"C": "ascii"}.get(name, name)
    names = {e["name"] for e in json.loads(done.stdout.decode(encoding))["exposures"]}
    assert {f"a{HOSTILE}", "-2+3 é日本", "d\\xff\\xe9"} <= names


@pytest.mark.parametrize("command", ["match", "rank", "info", "check"])
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_control_characters_stay_out(strange, tmp_path, command, as_json):
    target = ("-o", tmp_path / "out") if command == "match" else ()
    done = run(command, strange, *target, *as_json, PYTHONUTF8="1")
    for stream in (done.stdout, done.stderr):
        text = stream.decode("utf-8")  # also no stray bytes
        assert not CONTROL.search(text), CONTROL.search(text)
        assert not any(line.startswith("bgviewer: 9 matched") for line in text.splitlines())


def test_errors_name_such_files_harmlessly(tmp_path):
    (tmp_path / f"{HOSTILE}.fits").write_bytes(b"SIMPLE  = nothing")
    for words in (("info", tmp_path / f"{HOSTILE}.fits"), ("config", "check", f"{HOSTILE}.toml")):
        done = run(*words, PYTHONUTF8="1")
        text = (done.stdout + done.stderr).decode("utf-8")
        assert "\\x1b[31mred" in text
        assert not CONTROL.search(text)
        assert "Traceback" not in text


@pytest.mark.parametrize(
    ("shell", "kept"),
    [
        ('"$@" >&-', "err"),
        ('"$@" 2>&-', "out"),
        ('"$@" >&- 2>&-', ""),
        ('"$@" <&- >&- 2>&-', ""),
        ('"$@" 2>/dev/full', "out"),
    ],
)
def test_closed_streams_do_not_end_a_run(tmp_path, shell, kept):
    write_small_stack(tmp_path / "in")
    done = run("match", tmp_path / "in", "-o", tmp_path / "out", shell=shell)
    assert done.returncode == 0
    assert bool(done.stdout) is (kept == "out")
    assert bool(done.stderr) is (kept == "err")
    assert b"bgviewer:" not in done.stdout  # what is for standard error does not land there
    written = sorted((tmp_path / "out").glob("*_matched.fits"))
    assert len(written) == 4
    for path in written:
        with fits.open(path) as hdus:
            hdus.verify("exception")
        assert path.read_bytes()[:9] == b"SIMPLE  ="


def test_a_reader_that_goes_away_stops_no_match(tmp_path):
    write_small_stack(tmp_path / "in")
    done = run("match", tmp_path / "in", "-o", tmp_path / "out", shell='"$@" 2>&1 | head -c 1')
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"Exception ignored" not in done.stderr
    assert len(list((tmp_path / "out").glob("*_matched.fits"))) == 4
    assert (tmp_path / "out" / "report.ecsv").exists()


def test_csv_cells_start_no_formula(strange, tmp_path):
    done = run("match", strange, "-o", tmp_path / "out", "--report-format", "csv")
    assert done.returncode == 0, done.stderr
    with open(tmp_path / "out" / "report.csv", newline="", encoding="utf-8") as held:
        rows = list(csv.DictReader(held))
    names = {row["name"] for row in rows}
    assert {"'=1+2", "'-2+3 é日本"} <= names
    for row in rows:
        for name, cell in row.items():
            number = cell and name in ("zero_point", "scale", "fit_rms", "matched_mse")
            assert number or cell[:1] not in ("=", "+", "-", "@")


def test_texts():
    assert one_line("a\nb\x1bc\u202ed") == "a b\\x1bc\\u202ed"
    assert printable("a\nb\tc\r") == "a\nb\tc\\x0d"
    assert one_line("1\u202f000 é") == "1\u202f000 é"
    for text in ("\x9b", "\x7f", "\udcff", "\u202e", "\U000e0001", "é", "\x1b"):
        dumped = escape_json(json.dumps(text, ensure_ascii=False))
        assert json.loads(dumped) == text
        assert dumped.isprintable()
    assert encodable("χ² ≤ 3 ×", "ascii") == "chi^2 <= 3 x"
    assert encodable("χ² ≤ 3 ×", "no such encoding") == encodable("χ² ≤ 3 ×", "ascii")
    assert json.loads(encodable('"日😀"', "cp1252")) == "日😀"


def test_a_value_of_a_header_is_harmless(tmp_path):
    """FITS allows no control characters in cards, which hinders nobody."""
    header = fits.Header()
    header["BUNIT"] = "adu~xx~"
    fits.writeto(tmp_path / "a.fits", np.ones((8, 8), "f4"), header)
    raw = (tmp_path / "a.fits").read_bytes().replace(b"~xx~", b"\x1b[5m")
    (tmp_path / "a.fits").write_bytes(raw)
    done = run("info", tmp_path / "a.fits", PYTHONUTF8="1")
    assert b"\x1b" not in done.stdout + done.stderr
