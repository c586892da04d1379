"""Registries: names from sources, contracts, and the sentence of each member that breaks one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench.core.contract import ContractBroken
from gan_bench.core.declarations import NotLiteral
from gan_bench.core.errors import UserError
from gan_bench.core.registry import Registry
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import Corruption, Parameters
from gan_bench.detectors.logistic import LogisticDetector
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor
from gan_bench.generators import VARIANTS
from gan_bench.generators.adversarial import DCGANGeneratorVariant
from gan_bench.generators.settings import AdamSettings
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Metric
from tests.conftest import ROOT


class Thing:
    name = "thing"


def test_registry_refuses_a_second_thing_of_one_name():
    registry: Registry = Registry("thing", "gan_bench.metrics", "none")
    registry.register(Thing)
    with pytest.raises(ValueError, match="thing 'thing' has the name of another, in "):
        registry.register(type("Other", (), {"name": "thing"}))


def test_registry_passes_the_argument_of_a_name_that_takes_one():
    registry: Registry = Registry("thing", "gan_bench.metrics", "none")

    class Named:
        name = "named:"

        def __init__(self, argument: str) -> None:
            self.argument = argument

    registry.register(Named)
    assert registry.create("named:a:b").argument == "a:b"
    with pytest.raises(UserError, match="did you mean 'named:'"):
        registry.get("named")
    with pytest.raises(UserError, match="thing 'named:' lacks what belongs behind the colon"):
        registry.get("named:")


def test_registry_loads_entry_points_of_other_distributions(tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text(
        "from gan_bench.metrics import METRICS\nclass S:\n    name = 'strange'\nloaded = True\n"
    )
    info = tmp_path / "stranger-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[test.group]\nstranger = stranger\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    Registry("thing", "gan_bench.metrics", "test.group").names()
    assert sys.modules["stranger"].loaded


@pytest.mark.parametrize(("unknown", "hint"), [("dcgam", "did you mean 'dcgan'?"), ("qqq", "Known: cgan, cyclegan, dcgan, ")])
def test_registry_names_the_nearest(unknown: str, hint: str):
    with pytest.raises(UserError) as error:
        VARIANTS.get(unknown)
    assert hint in str(error.value) and "\n" not in str(error.value)


# ------------------------------------------------------------------------------------------------ names from the sources

REGISTRIES = {
    "variants": VARIANTS, "datasets": DATASETS, "extractors": EXTRACTORS, "metrics": METRICS, "detectors": DETECTORS,
    "corruptions": CORRUPTIONS,
}  # fmt: skip


@pytest.mark.parametrize("family", REGISTRIES)
def test_sources_state_what_the_classes_have(family: str):
    """What is read without importing is what the imported class says."""
    registry = REGISTRIES[family]
    rows, refused = registry.describe()
    assert refused == [] and [row["name"] for row in rows] == registry.names()
    for row in rows:
        if not row["name"].endswith(":"):
            member = registry.get(row["name"])
            shown = {a.name: getattr(member, a.name, a.default) for a in registry.contract if a.listed}
            assert {name: row[name] for name in shown} == shown


def test_what_each_object_says_for_itself_is_not_told_of_its_imported_class():
    """A property is no value: `show folder:` must not unpack it as a shape."""
    DATASETS.get("folder:photos/")
    assert DATASETS.attributes("folder:")["image_shape"] is NotLiteral


@pytest.mark.parametrize("arguments", [("list", family) for family in (*REGISTRIES, "suites", "budgets")] + [
    ("run", "--suite", "mnits"), ("run", "--suite", "mnist", "--variants", "dcgna"), ("score", ".", "--dataset", "mnits"),
    ("run", "--suite", "mnist", "--budget", "quik"), ("run", "--suite", "mnist", "--device", "gpu"), ("data", "verify", "mist"),
], ids=" ".join)  # fmt: skip
def test_a_list_or_a_mistyped_name_needs_no_torch(arguments: tuple[str, ...]):
    code = f"""
import sys
sys.argv = ["gan-bench", *{arguments!r}]
from gan_bench.cli import main
try:
    main()
except SystemExit as ended:
    print(ended.code, file=sys.stderr)
sys.exit("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, "torch was imported"
    assert done.stdout if arguments[0] == "list" else "did you mean" in done.stderr or "unknown" in done.stderr


# ----------------------------------------------------------------------------------------------------------- contracts


class GoodVariant(DCGANGeneratorVariant):
    title, paper, settings_type = "Good", "Nobody 2026", AdamSettings

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean()

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        return fake_logits.mean()


class GoodDataset(Dataset):
    title, image_shape, n_classes, class_names = "Good", (3, 32, 32), 2, ("a", "b")

    def load(self, split: Any) -> Split:
        raise NotImplementedError


class GoodExtractor(Extractor):
    digest = "good"

    def load(self, device: torch.device) -> None: ...

    def __call__(self, batch: Tensor) -> tuple[Tensor, None]:
        raise NotImplementedError


class GoodMetric(Metric):
    title, paper, outputs, minimum = "Good", "Nobody 2026", {"good": True}, 2

    def compute(self, fake: Any, real: Any) -> dict[str, float]:
        raise NotImplementedError


class GoodDetector(LogisticDetector):
    method = "good"

    def features(self, images: Tensor) -> Tensor:
        raise NotImplementedError

    def feature_names(self, n: int) -> list[str]:
        raise NotImplementedError


class GoodCorruption(Corruption):
    title = "good"

    def draw(self, severity: int, side: int, n: int, seed: int) -> list[Parameters]:
        raise NotImplementedError

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        raise NotImplementedError


GOOD = {"variants": GoodVariant, "datasets": GoodDataset, "extractors": GoodExtractor, "metrics": GoodMetric,
        "detectors": GoodDetector, "corruptions": GoodCorruption}  # fmt: skip
MISSING = object()
FAULTS = [
    ("variants", "name", MISSING, "has no attribute `name`"),
    ("variants", "title", MISSING, "has no attribute `title`, which must be a text"),
    ("variants", "title", "", "has title = '', which must be a text"),
    ("variants", "paper", MISSING, "has no attribute `paper`"),
    ("variants", "task", "upscael", "has task = 'upscael', which must be one of generate, translate, upscale"),
    ("variants", "conditional", "yes", "has conditional = 'yes', which must be True or False"),
    ("variants", "settings_type", dict, "which must be a subclass of Settings"),
    ("variants", "short_budget", {"rl": 1e-4}, "has 'rl' in short_budget, which is no field of AdamSettings"),
    ("variants", "paper_settings", {"rl": 1e-4}, "has 'rl' in paper_settings, which is no field of AdamSettings"),
    ("variants", "for_points", {"rl": 1e-4}, "has 'rl' in for_points, which is no field of AdamSettings"),
    ("variants", "curves", {"d_loss": "Loss"}, "which must be a dictionary whose values are among Losses"),
    ("variants", "d_loss", MISSING, "does not define `d_loss`"),
    ("datasets", "name", MISSING, "has no attribute `name`"),
    ("datasets", "title", MISSING, "has no attribute `title`"),
    ("datasets", "image_shape", MISSING, "has no attribute `image_shape`"),
    ("datasets", "image_shape", (3, 48, 48), "has image_shape = (3, 48, 48), which must be (1 or 3, side, side)"),
    ("datasets", "image_shape", (3, 32, 64), "has image_shape = (3, 32, 64)"),
    ("datasets", "image_shape", (2, 32, 32), "has image_shape = (2, 32, 32)"),
    ("datasets", "n_classes", MISSING, "has no attribute `n_classes`"),
    ("datasets", "n_classes", 3, "has 2 class_names, and n_classes = 3"),
    ("datasets", "class_names", MISSING, "has no attribute `class_names`"),
    ("datasets", "padding", -1, "has padding = -1, which must be a whole number, 0 or more"),
    ("datasets", "made_of", 3, "has made_of = 3"),
    ("datasets", "load", MISSING, "does not define `load`"),
    ("extractors", "name", MISSING, "has no attribute `name`"),
    ("extractors", "digest", MISSING, "does not define `digest`"),
    ("extractors", "digest", "", "has digest = '', which must be a text"),
    ("extractors", "classifies", 3, "has classifies = 3"),
    ("extractors", "load", MISSING, "does not define `load`"),
    ("metrics", "name", MISSING, "has no attribute `name`"),
    ("metrics", "title", MISSING, "has no attribute `title`"),
    ("metrics", "paper", MISSING, "has no attribute `paper`"),
    ("metrics", "outputs", MISSING, "has no attribute `outputs`"),
    ("metrics", "outputs", {"good": "higher"}, "has outputs = {'good': 'higher'}"),
    ("metrics", "ranges", {"good": (0, 1)}, "has ranges = {'good': (0, 1)}, which must be a dictionary"),
    ("metrics", "minimum", MISSING, "has no attribute `minimum`"),
    ("metrics", "minimum", 0, "has minimum = 0, which must be a whole number, 1 or more"),
    ("metrics", "needs", "feature", "has needs = 'feature', which must be one of features, logits"),
    ("metrics", "needs", "truth", "has needs = 'truth'; that of a Metric is one of features, logits"),
    ("metrics", "compute", MISSING, "does not define `compute`"),
    ("detectors", "name", MISSING, "has no attribute `name`"),
    ("detectors", "method", MISSING, "has no attribute `method`"),
    ("detectors", "method", 3, "has method = 3, which must be a text"),
    ("detectors", "features", MISSING, "does not define `features`"),
    ("detectors", "costly", "yes", "has costly = 'yes', which must be True or False"),
    ("detectors", "name", "spoilt:", "takes an argument, so it needs a `default` for it"),
    ("detectors", "default", "x", "takes no argument, so its `default` = 'x' means nothing"),
    ("corruptions", "name", MISSING, "has no attribute `name`"),
    ("corruptions", "title", MISSING, "has no attribute `title`"),
    ("corruptions", "most", 0, "has most = 0, which must be a whole number, 1 or more"),
    ("corruptions", "apply", MISSING, "does not define `apply`"),
]


@pytest.mark.parametrize(("family", "attribute", "value", "sentence"), FAULTS)
def test_a_member_that_breaks_its_contract_is_refused(family: str, attribute: str, value: Any, sentence: str):
    """In one sentence with the file and the attribute, when it registers."""
    good = GOOD[family]
    body = {
        **{k: v for k, v in vars(good).items() if k == "__call__" or not k.startswith("_")},
        "name": "spoilt",
        "__module__": __name__,
    }
    if value is MISSING:
        del body[attribute]
    else:
        body[attribute] = value

    with pytest.raises(ContractBroken) as refused:
        REGISTRIES[family].register(type("Spoilt", good.__bases__, body))
    text = str(refused.value)
    assert text.startswith(f"{__file__}: {family[:-1]} ") and sentence in text and "\n" not in text
    assert "spoilt" not in REGISTRIES[family].names()


def test_good_members_register():
    for family, good in GOOD.items():
        registry: Registry = Registry(
            family[:-1], "gan_bench.core", "none", REGISTRIES[family].contract, REGISTRIES[family].rule
        )
        registry.register(type("Good", (good,), {"name": "good", "__module__": __name__}))
        assert registry.names() == ["good"]


PACKAGE = "from gan_bench.core.registry import Registry\n\nTHINGS = Registry('thing', __name__, 'none')\n"


def test_two_files_with_one_name_are_both_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And the others are still found."""
    package = tmp_path / "things"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from gan_bench.core.registry import Registry\nTHINGS = Registry('thing', __name__, 'none')\n"
    )
    for file, name in (("a", "one"), ("b", "one"), ("c", "other")):
        text = f"from things import THINGS\n\n\n@THINGS.register\nclass Thing:\n    name = {name!r}\n"
        (package / f"{file}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    from things import THINGS  # type: ignore[import-not-found]

    with pytest.raises(UserError, match=r"two things are called 'one': in .*a\.py and .*b\.py"):
        THINGS.get("one")
    assert THINGS.get("other").name == "other"
    rows, refused = THINGS.describe()
    assert [row["name"] for row in rows] == ["other"] and len(refused) == 1


def test_a_file_with_an_error_is_named_and_harms_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "broken"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from gan_bench.core.registry import Registry\nTHINGS = Registry('thing', __name__, 'none')\n"
    )
    (package / "good.py").write_text("from broken import THINGS\n\n\n@THINGS.register\nclass Good:\n    name = 'good'\n")
    (package / "bad.py").write_text("def (:\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from broken import THINGS  # type: ignore[import-not-found]

    assert THINGS.get("good").name == "good"
    rows, refused = THINGS.describe()
    assert [row["name"] for row in rows] == ["good"]
    assert "bad.py cannot be imported (SyntaxError" in refused[0] and "\n" not in refused[0]
