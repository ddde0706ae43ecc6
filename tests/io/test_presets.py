"""Presets on disk."""

from __future__ import annotations

import pytest

from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ConfigError, WriteError
from bgviewer.io import presets as io_presets
from bgviewer.io.presets import (
    Preset,
    delete_preset,
    list_presets,
    load_preset,
    preset_folder,
    preset_path,
    save_preset,
)
from bgviewer.tasks.presets import BUILTIN

MINE = Preset("Mine", "for a test", {"bin_size": 64, "bad_mask_planes": ("SAT", "BAD")})


def test_what_is_saved_is_what_is_loaded(tmp_path):
    path = save_preset(tmp_path / "new" / "presets", MINE)
    assert load_preset(path) == MINE
    assert list_presets(path.parent) == ((MINE,), ())
    assert "binSize = 64" in path.read_text()


def test_only_what_it_names_is_changed():
    config = MatchConfig(order=3, bin_size=100)
    assert MINE.apply(config) == config.replace(**MINE.changes)


@pytest.mark.parametrize(
    "preset", [MINE, *BUILTIN, Preset("As TOML has it", "", {"bad_mask_planes": ["SAT"]})]
)
def test_settings_fit_where_applying_changes_nothing(preset):
    applied = preset.apply(MatchConfig())
    for config in (MatchConfig(), applied, applied.replace(num_iter=7), MatchConfig(order=5)):
        assert preset.fits(config) == (preset.apply(config) == config)
    assert preset.fits(applied)


def test_an_existing_one_stays_unless_wanted(tmp_path):
    save_preset(tmp_path, MINE)
    other = Preset("Mine", "", {"bin_size": 32})
    with pytest.raises(WriteError):
        save_preset(tmp_path, other)
    assert list_presets(tmp_path)[0] == (MINE,)
    save_preset(tmp_path, other, overwrite=True)
    assert list_presets(tmp_path)[0] == (other,)
    assert [p.name for p in tmp_path.iterdir()] == ["Mine.toml"], "nothing half-written stays"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Ünï 2", "Ünï 2.toml"),
        ("../../etc/passwd", "etc_passwd.toml"),
        ("a:b*c?", "a_b_c.toml"),
        (".hidden", "hidden.toml"),
        ("x" * 300, "x" * 60 + ".toml"),
    ],
)
def test_names_of_files_are_safe(tmp_path, name, file):
    assert preset_path(tmp_path, name) == tmp_path / file
    assert load_preset(save_preset(tmp_path, Preset(name, "", {}))).name == name


@pytest.mark.parametrize("name", ["", "  ", "///", "..", "_"])
def test_a_name_needs_something(tmp_path, name):
    with pytest.raises(ConfigError, match="letter or a digit"):
        preset_path(tmp_path, name)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"name = ", "not valid TOML"),
        (b"\xff\xfe", "not a text file"),
        (b'name = "x"', "not a preset"),
        (b"[settings]\nbinSise = 3", "binSize"),
        (b"[settings]\nbinSize = 0", "binSize"),
        (b"name = 3\n[settings]\n", "not a preset"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_named(tmp_path, content, reason):
    save_preset(tmp_path, MINE)
    (tmp_path / "broken.toml").write_bytes(content)
    found, skipped = list_presets(tmp_path)
    assert found == (MINE,)
    assert len(skipped) == 1
    assert "broken.toml" in skipped[0] and reason in skipped[0]


def test_a_missing_folder_holds_nothing(tmp_path):
    assert list_presets(tmp_path / "no") == ((), ())


def test_delete_goes_by_the_name_inside(tmp_path):
    path = save_preset(tmp_path, MINE)
    path.rename(tmp_path / "renamed.toml")
    save_preset(tmp_path, Preset("Other", "", {}))
    (tmp_path / "a.toml").write_text("broken")
    delete_preset(tmp_path, "Mine")
    assert [p.name for p in list_presets(tmp_path)[0]] == ["Other"]
    assert (tmp_path / "a.toml").exists()
    with pytest.raises(WriteError, match="no preset Mine"):
        delete_preset(tmp_path, "Mine")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be made"):
        save_preset(tmp_path / "file" / "presets", MINE)


def test_the_folder_is_the_persons_own(monkeypatch, tmp_path):
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    assert preset_folder() == tmp_path / "bgviewer" / "presets"
    assert io_presets.list_presets(preset_folder()) == ((), ())
