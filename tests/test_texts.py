"""Whatever stands in a text or in a file, its reader gives a value or one sentence: budgets, --set, suite files, records."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gan_bench import suites
from gan_bench.budget import PRESETS, UNITS, Spent, parse_preset
from gan_bench.core.errors import UserError
from gan_bench.generators import VARIANTS
from gan_bench.generators.settings import fault_of
from gan_bench.records import CellRecord, Plan, ReferenceRecord, read_contents, write_record
from gan_bench.settings import parse_changes
from tests.boards import cell, metric, reference
from tests.factories import SUITE

quickly = settings(
    derandomize=True, deadline=None, max_examples=150, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
NUMBERS = st.one_of(
    st.floats().map(repr), st.integers().map(str), st.sampled_from(["0", "0.5", "1", "1e3", "9" * 400, "٣", ""])
)
LIMITS = st.tuples(NUMBERS, st.sampled_from([*UNITS, "", "kg"])).map("".join)
BUDGETS = st.lists(st.one_of(LIMITS, st.sampled_from(list(PRESETS)), st.text(max_size=5)), max_size=4).map(",".join)
NAMES = st.one_of(st.sampled_from(["dcgan", "wgan", "lr", "batch_size", "minibatch", "long_turns"]), st.text(max_size=6))
VALUES = st.lists(st.one_of(NUMBERS, st.sampled_from(["true", "std", '"', '"a,b"']), st.text(max_size=6)), max_size=4).map(
    ",".join
)
SETS = st.one_of(st.tuples(NAMES, NAMES, VALUES).map(lambda parts: f"{parts[0]}.{parts[1]}={parts[2]}"), st.text())
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def is_sentence(error: UserError) -> bool:
    """Whether it is one line, short before its hint, and no Python speaks in it."""
    text = str(error)
    return "\n" not in text and "Traceback" not in text and len(re.split(r"; |\. ", text)[0]) <= 200


@quickly
@given(BUDGETS)
def test_a_budget_has_limits_that_a_training_reaches_or_is_refused(text: str):
    try:
        preset = parse_preset(text)
    except UserError as error:
        assert is_sentence(error)
        return

    limits = {k: v for k, v in vars(preset.budget).items() if v is not None}
    assert limits and all(math.isfinite(v) and v > 0 for v in limits.values())
    assert preset.budget.share(Spent()) == 0 and preset.name == "".join(preset.name.split())


@quickly
@given(st.lists(SETS, max_size=3))
def test_a_changed_setting_is_a_value_in_range_or_is_refused(texts: list[str]):
    try:
        changes = parse_changes(texts)
    except UserError as error:
        assert is_sentence(error)
        return

    for variant, each in changes.items():
        kind = VARIANTS.get(variant)
        for changed in each:
            values = {**kind.default_settings(64), **changed}
            if fault_of(variant, kind.settings_type, values) is None:
                numbers = [v for v in values.values() if isinstance(v, float)]
                assert all(map(math.isfinite, numbers)) and values["batch_size"] > 0


@quickly
@given(st.binary(max_size=200), st.integers(0, len(SUITE)), st.booleans())
def test_a_suite_file_of_any_bytes_is_a_suite_or_is_refused(tmp_path: Path, noise: bytes, place: int, whole: bool):
    good = SUITE.encode()
    file = tmp_path / "mine.toml"
    file.write_bytes(noise if whole else good[:place] + noise[:5] + good[place:])
    try:
        suite = suites.load(str(file))
    except UserError as error:
        assert "mine.toml" in str(error)
    else:
        assert suite.datasets and suite.variants


@quickly
@given(st.sampled_from(list(suites.Suite.model_fields)), JSON)
def test_a_suite_file_with_any_value_of_one_attribute_is_a_suite_or_is_refused(tmp_path: Path, name: str, value: Any):
    lines = [line for line in SUITE.splitlines() if not line.startswith(f"{name} =")]
    file = tmp_path / "mine.toml"
    file.write_text("\n".join([*lines, f"{name} = {json.dumps(value)}"]), encoding="utf-8")
    try:
        suites.load(str(file))
    except UserError as error:
        assert "mine.toml" in str(error)


@quickly
@given(st.one_of(st.binary(max_size=100), JSON.map(lambda value: json.dumps(value).encode())))
@pytest.mark.parametrize("model", [CellRecord, ReferenceRecord, Plan])
def test_a_record_of_any_bytes_is_refused(tmp_path: Path, model: type[Any], content: bytes):
    file = tmp_path / "record.json"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r"record\.json is not a"):
        read_contents(file, model)


def leaves(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in JSON, those of lists and dictionaries too."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else []
    return [place for key, value in inside for place in ((*path, key), *leaves(value, (*path, key)))]


@quickly
@given(st.data())
@pytest.mark.parametrize("kind", ["cell", "reference"])
def test_a_record_with_one_value_changed_is_refused_or_known_to_be_edited(tmp_path: Path, kind: str, data: st.DataObject):
    record = cell("dcgan", metric(10.0)).record if kind == "cell" else reference("real", metric(1.0)).record
    file = tmp_path / "record.json"
    write_record(file, record)
    content = json.loads(file.read_text())
    *above, last = data.draw(st.sampled_from(leaves(content)))
    inside = content
    for step in above:
        inside = inside[step]
    before, inside[last] = inside[last], data.draw(JSON)
    file.write_text(json.dumps(content))

    try:
        found = read_contents(file, type(record))
    except UserError as error:
        assert "record.json" in str(error)
    else:
        assert found.edited or inside[last] == before or last == "content_digest"
