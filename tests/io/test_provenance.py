"""Cards and back."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from bgviewer.engine.config import OPTIONS, MatchConfig
from bgviewer.io import provenance

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def header_of(cards) -> fits.Header:
    header = fits.Header.fromstring(b"".join(provenance.raw_cards(cards)))
    for card in header.cards:
        card.verify("exception")
    return header


def values():
    """A strategy for any valid configuration."""

    def one(opt):
        if opt.kind == "bool":
            return st.booleans()
        if opt.kind == "choice":
            return st.sampled_from(opt.choices)
        if opt.kind == "planes":
            name = st.text(
                st.characters(codec="utf-8", exclude_characters=","), min_size=1, max_size=30
            )
            return st.lists(name.map(str.strip).filter(bool), max_size=12).map(tuple)
        if opt.kind == "int":
            return st.integers(int(opt.minimum), int(opt.maximum))
        return st.floats(opt.minimum, opt.maximum, allow_nan=False, allow_infinity=False)

    return st.fixed_dictionaries({name: one(opt) for name, opt in OPTIONS.items()}).map(
        lambda options: MatchConfig(**options)
    )


@given(values())
def test_any_configuration_comes_back(config):
    record = provenance.read_cards(header_of(provenance.make_cards(config, version="1")))
    assert record["config"] == config


@given(st.text(max_size=255), st.floats(allow_infinity=False), st.floats())
def test_names_and_figures_come_back(reference, rms, scale):
    cards = provenance.make_cards(
        MatchConfig(), reference=reference, fit_rms=rms, scale=scale, version="1"
    )
    record = provenance.read_cards(header_of(cards))
    assert record["reference"] == (reference or None) or reference.endswith(" ")
    assert record["fit_rms"] == (rms if rms == rms else None)
    assert record["matched_mse"] is None
    if scale not in (float("inf"), float("-inf")) and scale == scale:
        assert record["scale"] == scale
    else:
        assert record["scale"] is None


def test_every_option_has_its_card_and_keywords_are_unique():
    cards = provenance.make_cards(MatchConfig(), reference="r", version="1")
    names = [name for name, _, _ in cards if name != "HISTORY"]
    assert len(names) == len(set(names))
    assert {opt.card for opt in OPTIONS.values()} <= set(names)
    assert all(name.startswith("BGV") and len(name) <= 8 for name in names)
    assert set(names) <= provenance.keywords()


def test_adjustments_are_recorded():
    adjusted = SimpleNamespace(kind="order", asked=8, used=5, text="order lowered from 8 to 5 " * 5)
    cards = provenance.make_cards(MatchConfig(), adjustments=[adjusted], version="1", when=WHEN)
    header = header_of(cards)
    assert provenance.read_cards(header)["adjustments"] == ("order: 8 -> 5",)
    history = "".join(str(line) + " " for line in header["HISTORY"])
    assert "bgviewer 1 2026-01-02T03:04:05Z: background matched" in history
    assert history.count("order lowered from 8 to 5") == 5


def test_long_lists_need_no_continue_cards():
    planes = tuple(f"VERY_LONG_PLANE_NAME_{n}" for n in range(20))
    cards = provenance.make_cards(MatchConfig(bad_mask_planes=planes), version="1")
    raw = provenance.raw_cards(cards)
    assert not any(card.startswith(b"CONTINUE") for card in raw)
    assert provenance.read_cards(header_of(cards))["config"].bad_mask_planes == planes


def test_strangers_and_damaged_cards():
    assert provenance.read_cards(fits.Header({"OBJECT": "x"})) is None
    assert not provenance.is_own_output(fits.Header({"BGVVERS": 3}))
    header = header_of(provenance.make_cards(MatchConfig(), version="1"))
    header["BGVBIN"] = -5
    assert provenance.read_cards(header)["config"] is None
    header["BGVBIN"] = 300
    del header["BGVORD"]
    assert provenance.read_cards(header)["config"] == MatchConfig(bin_size=300)


def test_kind_is_checked_and_texts_can_be_set():
    with pytest.raises(ValueError, match="kind"):
        provenance.make_cards(MatchConfig(), kind="other")
    cards = provenance.with_values(
        provenance.make_cards(MatchConfig(), version="1"), kind="background", sign="ADD"
    )
    record = provenance.read_cards(header_of(cards))
    assert (record["kind"], record["sign"]) == ("background", "ADD")
    assert provenance.with_values(cards, sign=None, kind="matched") == provenance.make_cards(
        MatchConfig(), version="1"
    )[:2] + tuple(c for c in cards if c[0] not in ("BGVVERS", "BGVKIND", "BGVSIGN"))


def test_table_covers_the_record():
    record = provenance.read_cards(header_of(provenance.make_cards(MatchConfig(), version="1")))
    assert set(record) == {
        "config", "version", "kind", "reference", "zero_point", "sign", "source_hash",
        "scale", "fit_rms", "matched_mse", "diff_im_var", "adjustments", "regions",
        "detection", "aligned", "verdict", "verdict_number",
    }  # fmt: skip
    assert dataclasses.is_dataclass(record["config"])


def test_warnings_become_history():
    cards = provenance.make_cards(
        MatchConfig(), warnings=["float32 resolves steps of 0.031 × noise"]
    )
    assert ("HISTORY", "bgviewer warning: float32 resolves steps of 0.031 × noise", "") in cards
    assert any(b"steps of 0.031 x noise" in record for record in provenance.raw_cards(cards))
