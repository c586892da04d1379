"""`gan-bench show`, and the reading of docstrings behind it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields

import pytest

from gan_bench.budget import PRESETS
from gan_bench.cli import members
from gan_bench.core.docstrings import blocks, first_sentence, meanings
from gan_bench.generators import VARIANTS
from gan_bench.metrics import METRICS
from tests.conftest import ROOT

EVERY = [(kind, name) for kind, known in members.names().items() for name in known]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns."""
    monkeypatch.setattr("gan_bench.cli.show.stdout._width", 80)
    monkeypatch.setattr("gan_bench.cli.output.stdout._width", 80)


@pytest.mark.parametrize(("kind", "name"), EVERY, ids=[f"{kind} {name}" for kind, name in EVERY])
def test_everything_with_a_name_is_shown_in_80_columns(cli, kind: str, name: str):
    ended = cli("show", name)
    assert ended.code == 0 and ended.stderr == ""
    assert f"{kind} {name}" in ended.stdout and max(map(len, ended.stdout.splitlines())) <= 80
    (found,) = [member for member in json.loads(cli("show", name, "--json").stdout) if member["kind"] == kind]
    assert found["title"] and (found["about"] or kind in ("suite", "budget"))


@pytest.mark.parametrize("name", VARIANTS.names())
def test_each_setting_has_a_meaning(name: str):
    kind = VARIANTS.get(name)
    rows = members.settings(kind, PRESETS["quick"])
    assert [row["setting"] for row in rows] == [field.name for field in fields(kind.settings_type)]
    assert [row["setting"] for row in rows if not row["meaning"]] == []


def test_settings_are_those_of_the_budget_beside_the_papers(cli):
    quick, full = (
        {row["setting"]: row for row in json.loads(cli("show", "wgan", "--budget", budget, "--json").stdout)[0]["settings"]}
        for budget in ("quick", "full")
    )
    assert (quick["n_critic"]["value"], full["n_critic"]["value"], full["n_critic"]["paper"]) == (2, 5, 5)
    assert (quick["width"]["value"], full["width"]["value"], full["width"]["paper"]) == (32, 64, None)
    assert quick["clip"]["meaning"] == "largest absolute value of a weight of the critic"
    assert quick["ema"]["meaning"].startswith("decay for each update")  # of the class that it extends
    table = cli("show", "wgan", "--budget", "smoke").stdout
    assert "smoke" in table and "0.0005" in table and "long_turns" in table and "yes" in table


def test_a_variant_keeps_to_its_paper_where_updates_are_many():
    """Where a default differs from the paper's number, the module says so under "Here"."""
    differ = {}
    for name in VARIANTS.names():
        rows = members.settings(VARIANTS.get(name), PRESETS["full"])
        numbers = [row for row in rows if isinstance(row["paper"], int | float)]
        differ[name] = {row["setting"] for row in numbers if row["value"] != row["paper"]}
    assert {name: found for name, found in differ.items() if found} == {
        "cgan": {"batch_size"}, "cyclegan": {"batch_size"}, "dcgan": {"batch_size"}, "srgan": {"lr", "n_blocks", "pixel_steps"},
        "srresnet": {"lr", "n_blocks"}, "vae": {"batch_size"},
    }  # fmt: skip


@pytest.mark.parametrize("name", METRICS.names())
def test_each_number_of_a_metric_has_a_range(name: str):
    found = METRICS.attributes(name)
    assert list(found["ranges"]) == list(found["outputs"])


def test_a_number_is_found_by_the_name_that_tables_give_it(cli):
    for name in ("recall", "recall_lite0@64_5k"):
        (found,) = json.loads(cli("show", name, "--json").stdout)
        assert found["name"] == "pr" and {"number": "recall", "better": "higher", "range": "0 to 1"} in found["numbers"]
    assert json.loads(cli("show", "fd_infinity_raw_5k", "--json").stdout)[0]["name"] == "fd-infinity"  # not fd
    assert json.loads(cli("show", "fd_raw_5k", "--json").stdout)[0]["name"] == "fd"


def test_what_users_write_after_a_name_is_no_part_of_it(cli):
    for name, wanted in {"timm:convnext_atto": "timm:NAME", "timm": "timm:NAME", "spectrum+aug": "spectrum"}.items():
        assert [member["name"] for member in json.loads(cli("show", name, "--json").stdout)] == [wanted]


def test_all_that_share_a_name_are_shown(cli):
    assert [member["kind"] for member in json.loads(cli("show", "mnist", "--json").stdout)] == ["dataset", "suite"]


def test_an_unknown_name_gets_the_nearest_of_all_kinds(cli):
    ended = cli("show", "spectrm")
    assert ended.code == 2 and ended.stdout == "" and ended.stderr.count("\n") == 1
    assert "unknown name 'spectrm'; did you mean 'spectrum' (detector)" in ended.stderr
    assert "'recall' (a number of metric pr)" in cli("show", "recal").stderr
    assert "`gan-bench list` shows" in cli("show", "zzzzzz").stderr
    assert "unknown budget 'quik'" in cli("show", "dcgan", "--budget", "quik").stderr


def test_only_the_settings_of_a_variant_need_torch():
    code = "import sys; sys.argv = ['gan-bench', 'show', {!r}]; from gan_bench.cli import main; main(); {}"
    for name in ("fd", "spectrum", "lite0", "mnist", "web", "quick"):
        call = code.format(name, "sys.exit('torch' in sys.modules)")
        assert subprocess.run([sys.executable, "-c", call], cwd=ROOT, capture_output=True).returncode == 0, name


# ----------------------------------------------------------------------------------------------------------- docstrings

DOCSTRING = """One thing (Doe et al. 2020), which goes
on. Another sentence.

Paper: this.
Here: that, and
more.

    a = b  +  c

a, b    the two ends, of which the
        first is smaller
n       how many
returns nothing
least, most  a range
"""


def test_a_docstring_has_paragraphs_formulas_and_lists():
    assert blocks(DOCSTRING) == [
        "One thing (Doe et al. 2020), which goes on. Another sentence.",
        "Paper: this.",
        "Here: that, and more.",
        "    a = b  +  c",
        {
            "a, b": "the two ends, of which the first is smaller",
            "n": "how many",
            "returns": "nothing",
            "least, most": "a range",
        },
    ]
    assert meanings(DOCSTRING)["b"] == meanings(DOCSTRING)["a"] == "the two ends, of which the first is smaller"


def test_the_first_sentence_does_not_end_at_et_al():
    assert first_sentence(DOCSTRING) == "One thing (Doe et al. 2020), which goes on"
    assert first_sentence("") == ""
