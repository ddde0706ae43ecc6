"""How files are read: rules, options, single files, and what is remembered of instruments."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from bgviewer import load_stack
from bgviewer.engine.config import MatchConfig
from bgviewer.errors import ChooseError, ConfigError
from bgviewer.io.config_file import dump_any, read_any
from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.instrument import identify
from bgviewer.io.layout import FitsFile
from bgviewer.io.read import describe
from bgviewer.io.reading import READ, Reading, ReadRule, as_template, read_rules, rules_of
from bgviewer.io.reading_options import READING_OPTIONS, choice_from, choice_values, merged
from bgviewer.io.remembered import Memory, load_memory, memory_path, save_memory
from bgviewer.io.session_file import SavedSession, read_session, write_session
from bgviewer.io.settings import dump_config, load_settings
from tests.raw_files import LEVELS, SHAPE, SIGMA, write_chips, write_pairs

FULL = Choice(2, 1, "{stem}_m.fits[1]", "codes", "3", "sigma", 25.5)


def level_of(stack, number) -> float:
    return float(np.median(stack.read(number).image))


def who(path):
    with FitsFile(path) as file:
        return identify(file)


# -------------------------------------------------------------------- single values


def test_every_field_of_a_choice_is_declared_and_comes_back():
    assert set(READING_OPTIONS) == set(vars(FULL))
    values = choice_values(FULL)
    assert choice_from(values) == FULL and len(values) == len(READING_OPTIONS)
    assert choice_values(NO_CHOICE) == {} and choice_from({}) == NO_CHOICE


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("hdu", "-1"),
        ("hdu", "x"),
        ("layer", "1.5"),
        ("mask", "../m.fits"),
        ("mask", ""),
        ("mask", "a\nb.fits"),
        ("noise", "/etc/x"),
        ("mask_meaning", "bit"),
        ("noise_kind", "Sigma"),
        ("zero_point", "nan"),
        ("zero_point", "bright"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_key(name, word):
    with pytest.raises(ConfigError, match=READING_OPTIONS[name].key):
        READING_OPTIONS[name].parse(word)


@pytest.mark.parametrize(("word", "place"), [("[3]", "3"), ("3", "3"), ("a[3]", "a[3]")])
def test_an_hdu_may_be_written_in_brackets(word, place):
    assert READING_OPTIONS["mask"].parse(word) == place


def test_later_choices_win_field_by_field():
    first, second = Choice(hdu=1, mask="none"), Choice(hdu=2, zero_point=27.0)
    assert merged(first, second) == Choice(hdu=2, mask="none", zero_point=27.0)
    assert merged() == merged(NO_CHOICE) == NO_CHOICE


# -------------------------------------------------------------------- who counts


@pytest.mark.parametrize(
    ("files", "instrument", "fits_"),
    [
        (("raw_*.fits",), "", True),
        (("raw_1.fits", "raw_0.fits"), "", True),
        (("night/raw_0.fits",), "", True),
        (("other/raw_0.fits",), "", False),
        (("RAW_0.fits",), "", False),
        ((), "testcam", True),
        ((), "Test 1*", True),
        ((), "plain", True),
        ((), "DECam", False),
        (("raw_*.fits",), "DECam", False),
    ],
)
def test_rules_speak_of_names_and_instruments(tmp_path, files, instrument, fits_):
    path = write_chips(tmp_path / "night", 1)[0]
    reading = Reading((ReadRule(Choice(hdu=2), files, instrument),))
    with FitsFile(path) as file:
        assert reading.choice(file) == (Choice(hdu=2) if fits_ else NO_CHOICE, "")


def test_options_win_over_rules_and_a_files_own_choice_over_all(tmp_path, monkeypatch):
    one, other = write_chips(tmp_path, 2)
    monkeypatch.chdir(tmp_path)
    reading = Reading(
        (ReadRule(Choice(hdu=1, mask="none"), ("raw_*",)), ReadRule(Choice(hdu=2), ("raw_0*",))),
        Choice(zero_point=20.0),
        {Path(other.name): Choice(hdu=2, noise="none")},
    )
    with FitsFile(one) as file:
        assert reading.choice(file)[0] == Choice(hdu=2, mask="none", zero_point=20.0)
    with FitsFile(other) as file:
        assert reading.choice(file)[0] == Choice(hdu=2, noise="none")


def test_the_stem_stands_for_the_exposures_own_name(tmp_path):
    paths = write_pairs(tmp_path)
    choice = Choice(noise="u-{stem}-spread.fits", noise_kind="sigma")
    stack = load_stack(paths, choices=Reading(options=choice))
    for i, path in enumerate(paths):
        assert stack[i].info.choice.noise == f"u-{path.stem}-spread.fits"
        assert np.all(stack.read(i).variance == SIGMA**2)
        assert as_template(stack[i].info.choice, path) == choice
    assert as_template(Choice(mask="3"), tmp_path / "3.fits") == Choice(mask="3")


def test_memory_counts_only_where_nothing_else_is_said(tmp_path):
    paths = write_chips(tmp_path)
    memory = Memory().having(who(paths[0]), Choice(hdu=2), "2026-03-01")
    stack = load_stack(tmp_path, choices=Reading(memory=memory))
    assert [round(level_of(stack, i), -1) for i in range(3)] == [LEVELS[2]] * 3
    assert "3 files read as you chose for TESTCAM on 2026-03-01" in stack.notes
    with_rule = Reading((ReadRule(Choice(hdu=1), ("raw_1*",)),), memory=memory)
    stack = load_stack(tmp_path, choices=with_rule)
    assert [round(level_of(stack, i), -1) for i in range(3)] == [500, 100, 500]
    as_recognised = Reading((ReadRule(NO_CHOICE, ("raw_1*",)),), memory=memory)
    assert isinstance(load_stack(tmp_path, choices=as_recognised)[1].problem, ChooseError)
    given = Reading(given={paths[0]: Choice(hdu=1)}, memory=memory)
    assert round(level_of(load_stack(tmp_path, choices=given), 0), -1) == LEVELS[1]
    assert isinstance(load_stack(tmp_path)[0].problem, ChooseError), "Python remembers nothing"


# -------------------------------------------------------------------- instruments


def test_the_layout_counts_sizes_and_a_lone_chips_name_do_not(tmp_path):
    two = write_chips(tmp_path / "a", 2)
    assert who(two[0]) == who(two[1])
    other = write_chips(tmp_path / "b", 1, instrument="OTHER")[0]
    assert who(other) != who(two[0]) and who(other) == replace(who(two[0]), instrument="OTHER")
    alone = []
    for name, shape in (("N1", (8, 9)), ("S7", (20, 30))):
        path = tmp_path / f"{name}.fits"
        chip = fits.ImageHDU(np.zeros(shape, "f4"), name=name)
        fits.HDUList([fits.PrimaryHDU(), chip]).writeto(path)
        alone.append(who(path))
    assert alone[0] == alone[1]
    with fits.open(two[0]) as hdus:
        hdus.append(fits.ImageHDU(np.zeros(SHAPE, "f4"), name="CCD3"))
        hdus.writeto(tmp_path / "c.fits")
    assert who(tmp_path / "c.fits") != who(two[0])


def test_headers_are_not_to_be_trusted(tmp_path):
    path = tmp_path / "x.fits"
    hdus = [fits.ImageHDU(np.zeros((4, 4), "f4"), name=f"CHIP{i}" * 5) for i in range(60)]
    hdus[0].header["INSTRUME"] = "<b>x</b> ../.. " + "y" * 50
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    found = who(path)
    assert len(found.layout) < 100 and len(found.instrument) <= 68
    save_memory(Memory().having(found, FULL, "2026-01-02"), tmp_path / "m.toml")
    assert load_memory(tmp_path / "m.toml").find(found).choice == FULL


# -------------------------------------------------------------------- memory on disk


def test_what_is_remembered_is_found_replaced_and_forgotten(tmp_path):
    one, other = (who(write_chips(tmp_path / n, 1, n)[0]) for n in ("A", "B"))
    path = tmp_path / "new" / "remembered.toml"
    assert load_memory(path) == Memory()
    memory = Memory().having(one, FULL, "2026-01-02").having(other, Choice(hdu=1))
    save_memory(memory, path)
    assert load_memory(path) == memory
    save_memory(load_memory(path).having(one, Choice(mask="none"), "2026-02-03"), path)
    again = load_memory(path)
    assert len(again.entries) == 2 and again.find(one).choice == Choice(mask="none")
    assert again.find(one).date == "2026-02-03"
    save_memory(again.without(one).without(other), path)
    assert load_memory(path).entries == ()


@pytest.mark.parametrize(
    "text", ["x = [", "remembered = 3", "[[remembered]]\nhdu = 'x'", "[[remembered]]\ndate = 1"]
)
def test_a_damaged_memory_is_told_by_name(tmp_path, text):
    path = tmp_path / "remembered.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"remembered\.toml"):
        load_memory(path)


def test_it_lies_in_the_persons_own_folder(tmp_path, monkeypatch):
    import platformdirs

    monkeypatch.setattr(platformdirs, "user_config_dir", lambda name: str(tmp_path / name))
    assert memory_path() == tmp_path / "bgviewer" / "remembered.toml"


# -------------------------------------------------------------------- in settings and sessions

RULES = (
    ReadRule(FULL, ("c4d_*_ooi.fits", "b[[]1].fits"), "DECam"),
    ReadRule(NO_CHOICE, ("x.fits",)),
    ReadRule(Choice(noise_kind="inverse variance"), instrument="swarp"),
)


def test_rules_travel_in_settings(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text(dump_config(MatchConfig(order=3), {READ: RULES}))
    config, extra, _ = load_settings(path)
    assert config.order == 3 and extra[READ] == RULES
    assert read_any(path)[1][READ] == RULES
    path.write_text(dump_config(MatchConfig()))
    assert READ not in load_settings(path)[1]


def test_lsst_files_say_that_they_lack_them():
    _, losses = dump_any(MatchConfig(), {READ: RULES}, format="lsst")
    assert any("how files are read" in loss for loss in losses)
    assert dump_any(MatchConfig(), {READ: ()}, format="lsst")[1] == ()


def test_rules_travel_in_sessions(tmp_path):
    paths = tuple(write_chips(tmp_path))
    write_session(
        tmp_path / "s.bgv.toml", SavedSession(paths, MatchConfig(), _plan(), reading=RULES)
    )
    assert read_session(tmp_path / "s.bgv.toml").saved.reading == RULES
    assert read_any(tmp_path / "s.bgv.toml")[1][READ] == RULES


def _plan():
    from bgviewer.engine.plan import StackPlan

    return StackPlan()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[read]\nhdu = 1", r"must be tables: \[\[read\]\]"),
        ("[[read]]\nhdu = 1", "number 1: needs files or instrument"),
        ("[[read]]\nfiles = 'x'\nmaskMeanin = 'bits'", "Did you mean maskMeaning"),
        ("[[read]]\nfiles = 'x'\nhdu = true", "hdu = True"),
        ("[[read]]\nfiles = [1]", "files = "),
        ("[[read]]\nfiles = 'x'\n[[read]]\ninstrument = 3", "number 2: instrument"),
        ("[[read]]\nfiles = 'x'\nmask = 'a/b'", "without a folder"),
    ],
)
def test_rules_that_cannot_be_understood_name_the_place(tmp_path, text, says):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)


def test_the_rules_of_a_stack_read_it_the_same_way(tmp_path):
    names = ("raw_0.fits", "a[1].fits", "b*.fits")
    folders = (tmp_path / "n1", tmp_path / "n2")
    for folder in folders:
        for path, name in zip(write_chips(folder), names, strict=True):
            path.rename(folder / name)
    paths = [folder / name for folder, name in itertools.product(folders, names)]
    given = {path: Choice(hdu=1 + i % 2) for i, path in enumerate(paths[:5])}
    stack = load_stack(paths, choices=given)
    rules = rules_of(stack.entries)
    assert read_rules(_plain(rules)) == rules
    again = load_stack(paths, choices=Reading(rules))
    for one, other in zip(stack.entries, again.entries, strict=True):
        assert (one.info and one.info.choice) == (other.info and other.info.choice)
    assert isinstance(again[5].problem, ChooseError)


def _plain(rules):
    tables = []
    for rule in rules:
        who_ = {"files": list(rule.files)}
        tables.append(who_ | choice_values(rule.choice))
    return tables


def test_describe_tells_what_was_remembered(tmp_path):
    path = write_chips(tmp_path, 1)[0]
    memory = Memory().having(who(path), Choice(hdu=2), "2026-03-01")
    info = describe(path, Reading(memory=memory).choice)
    assert info.remembered == "read as you chose for TESTCAM on 2026-03-01"
    assert info.remembered in info.warnings and info.choice == Choice(hdu=2)
