"""Real files of many conventions, where BGVIEWER_TEST_DATA names the folder that holds them."""

from __future__ import annotations

import json

import pytest

from bgviewer.tasks.inspect import inspect_file


def test_every_file_of_the_zoo(real_data):
    folder = real_data / "formats"
    if not (folder / "expected.json").is_file():
        pytest.skip(f"no real files of other conventions: {folder} has no expected.json")
    expected = json.loads((folder / "expected.json").read_text())["files"]
    for name, want in expected.items():
        record = inspect_file(folder / name)
        assert record["outcome"] in want["outcome"], name
        if record["outcome"] == "error":
            assert record["error"]["id"] in want.get("error", [record["error"]["id"]]), name
        if record["outcome"] != "exposure":
            continue
        assert record["shape"] == want.get("shape", record["shape"]), name
        assert record["variance_kind"] in want.get("variance_kind", [record["variance_kind"]]), name
        assert bool(record["planes"]) == want.get("has_mask", bool(record["planes"])), name
