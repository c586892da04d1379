"""Variants in a user's own file: read, trained, kept and built again; and what is wrong with a file, in one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_bench import suites
from gan_bench import train as training
from gan_bench.budget import Budget, parse_preset
from gan_bench.cell import run_cell
from gan_bench.core import own as files
from gan_bench.core.errors import UserError
from gan_bench.generators import own
from gan_bench.generators.plain import PlainVariant, wrapped
from gan_bench.plan import RunRequest, make_plan
from gan_bench.records import CellRecord, CellSpec, read_record, spec_hash
from gan_bench.run_folder import RunFolder
from gan_bench.sample import build_variant
from gan_bench.settings import every_extractor, every_metric, every_variant, measured_by, parse_changes
from tests.conftest import CPU, ROOT
from tests.factories import cell_spec, load_samples

pytestmark = pytest.mark.usefixtures("one_thread")
EXAMPLE = ROOT / "examples" / "my_gan.py"
SMOKE = ("run", "--suite", "shapes", "--extractors", "raw", "--metrics", "fd", "--device", "cpu", "--detectors", "none")
PLAIN = """from math import prod
from torch import nn

class Mine:
    def generator(self, image_shape, z_dim):
        return nn.Sequential(nn.Linear(z_dim, prod(image_shape)), nn.Tanh(), nn.Unflatten(1, image_shape))

    def discriminator(self, image_shape):
        return nn.Sequential(nn.Flatten(), nn.Linear(prod(image_shape), 1))

    def d_loss(self, real_logits, fake_logits):
        return (fake_logits - real_logits).mean()

    def g_loss(self, fake_logits):
        return -fake_logits.mean()
"""
DERIVED = """from gan_bench.generators import VARIANTS
from gan_bench.generators.lsgan import LSGAN

@VARIANTS.register
class Mine(LSGAN):
    name = "mine"
    title = "Mine"
    paper = "none"
"""


def write(folder: Path, text: str = PLAIN, name: str = "my_gan.py") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def request(*texts: object, **changes: object) -> RunRequest:
    names = [str(text) for text in texts]
    few = {"extractors": ["raw"], "metrics": ["fd"], "detectors": [], "preset": parse_preset("smoke,20steps"), **changes}
    return RunRequest(["shapes"], few.pop("preset"), variants=names, own=own.read_sources(names), **few)


def cell_of(file: object, **changes: object) -> CellSpec:
    return make_plan(request(file, **changes)).cells[0]


def forget() -> None:
    """As in another process: nothing of a user's file is imported."""
    own._known.clear()


def test_the_example_runs_in_workers_and_needs_its_file_no_more(cli, tmp_path, monkeypatch):
    """Two at a time; the same command again finds all done; sample and verify work without the file, elsewhere."""
    monkeypatch.chdir(write(tmp_path / "theirs", EXAMPLE.read_text()).parent)
    command = (*SMOKE, "--budget", "smoke,30steps", "--variants", "my_gan.py,vanilla", "--jobs", "2", "--out", tmp_path / "run")
    assert cli(*command).code == 0
    shown = cli(*command, "--dry-run").stdout.splitlines()
    assert [line.split()[1:3] + line.split()[-1:] for line in shown[1:3]] == [["mygan", "0", "done"], ["vanilla", "0", "done"]]

    monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path / "theirs")
    forget()
    cell = tmp_path / "run/cells/shapes/mygan/seed-0"
    assert cli("sample", cell, "-n", 16, "--out", tmp_path / "some.npz").code == 0
    assert torch.equal(load_samples(tmp_path / "some.npz"), load_samples(cell / "samples.npz")[:16])
    verified = cli("verify", tmp_path / "run", "--redraw")
    assert verified.code == 0 and "2 redrawn agree" in verified.stdout


def test_a_record_keeps_the_source_and_its_digest(tmp_path):
    """`sha256sum my_gan.py` gives the digest in the record; a text that was changed in the record is refused."""
    file = write(tmp_path)
    spec = cell_of(file)
    assert spec.variant == "mine" and spec.code.file == "my_gan.py" and spec.code.member == "Mine"
    kept = spec.code.files["my_gan.py"]
    assert kept.text == PLAIN and kept.sha256 == files.sha256(file.read_bytes()).hexdigest()

    data = spec.model_dump(mode="json")
    assert CellSpec.model_validate(data) == spec
    data["code"]["files"]["my_gan.py"]["text"] += "# edited"
    with pytest.raises(ValueError, match="does not have its sha256"):
        CellSpec.model_validate(data)


def test_an_edited_file_is_another_spec(tmp_path):
    before = spec_hash(cell_of(write(tmp_path / "a")))
    assert spec_hash(cell_of(write(tmp_path / "b"))) == before  # where a file lies does not matter
    assert spec_hash(cell_of(write(tmp_path / "a", PLAIN + "\n# another\n"))) != before


def test_registered_variants_keep_their_hashes():
    """Records of before there was `code` are still finished cells."""
    spec = cell_spec(settings={"lr": 1e-4}, changed={"lr": 1e-4}, budget=Budget(tflop=0.002))
    assert "code" not in spec.model_dump(mode="json")
    assert spec_hash(spec) == "c775ea72b9fcd75e28ec0d5279b0af0d7f66e592dba396af64a364e11f61c2bc"


def test_modules_beside_the_file_are_part_of_it(tmp_path):
    """A module, a package and a folder without __init__.py; an edit of any of them is another spec."""
    text = PLAIN.replace(
        "from torch import nn\n", "from torch import nn\nfrom losses import real\nfrom net.a import b\nimport c.d\n"
    )
    file = write(tmp_path / "a", text.replace("real_logits).mean()", "real(real_logits)).mean() + b + c.d.e"))
    for name, content in {
        "losses.py": "def real(x):\n    return x",
        "net/a.py": "b = 0.",
        "c/__init__.py": "",
        "c/d.py": "e = 0.",
    }.items():
        write((tmp_path / "a" / name).parent, content, Path(name).name)
    spec = cell_of(file)
    assert set(spec.code.files) == {"my_gan.py", "losses.py", "net/a.py", "c/__init__.py", "c/d.py"}

    shutil.copytree(tmp_path / "a", tmp_path / "b")
    write(tmp_path / "b/net", "b = 1.", "a.py")
    other = cell_of(tmp_path / "b/my_gan.py")
    assert spec_hash(other) != spec_hash(spec)

    shutil.rmtree(tmp_path / "a")
    forget()
    ones = torch.ones(4, 1)
    losses = [float(build_variant(one, CPU).d_loss(ones, ones)) for one in (spec, other, spec)]
    assert losses == [0, 1, 0]  # each has the helpers that it was read with


def test_a_class_on_variant_is_taken_with_or_without_the_decorator(tmp_path):
    for text in (DERIVED, DERIVED.replace("@VARIANTS.register\n", "")):
        cell = cell_of(write(tmp_path, text))
        assert cell.variant == "mine" and cell.settings["batch_size"] == 16
    assert "mine" not in own.VARIANTS.names()


def test_a_killed_training_goes_on_without_the_file(tmp_path, monkeypatch):
    """To the byte, in a process that has only the spec."""
    spec = cell_of(write(tmp_path))
    expected = run_cell(spec, tmp_path / "straight", CPU)
    assert expected.status == "done" and expected.title == "Mine"

    monkeypatch.setattr(training, "HISTORY_EVERY", 4)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    save, saved = training._save, []

    def save_and_die(*arguments: object) -> None:
        save(*arguments)
        saved.append(1)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "_save", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        run_cell(spec, tmp_path / "killed", CPU)
    forget()
    assert run_cell(spec, tmp_path / "killed", CPU).samples_digest == expected.samples_digest and len(saved) > 2


def test_code_that_came_with_a_run_folder_runs_only_when_it_is_trusted(cli, tmp_path, monkeypatch):
    """A record is data: whoever reads it on another machine must agree before its code runs."""
    spec = cell_of(write(tmp_path, f"open({str(tmp_path / 'ran')!r}, 'a').write('x')\n{PLAIN}"))
    (tmp_path / "ran").unlink()
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "another machine"))
    forget()
    with pytest.raises(
        UserError, match=f"read it in the cell's record.json, then allow it by GAN_BENCH_TRUST={spec.code.digest[:12]}"
    ):
        build_variant(spec, CPU)
    assert not (tmp_path / "ran").exists()

    for allowed, runs in ((spec.code.digest[:8], False), ("", False), (f"ff00ff00ff00,{spec.code.digest[:12]}", True)):
        monkeypatch.setenv("GAN_BENCH_TRUST", allowed)
        forget()
        if runs:
            assert build_variant(spec, CPU).name == "mine"
        else:
            with pytest.raises(UserError, match="never ran on this machine"):
                build_variant(spec, CPU)


def test_a_fault_in_a_later_step_is_a_failed_cell_with_file_and_line(cli, tmp_path):
    """The other cell is trained, and the exit code says that not all went well."""
    later = "        self.n = getattr(self, 'n', 0) + 1\n        if self.n > 9:\n            raise ValueError('tenth')\n"
    text = PLAIN.replace("        return -fake", f"{later}        return -fake")
    file = write(tmp_path, text)
    ended = cli(*SMOKE, "--budget", "smoke,20steps", "--variants", f"{file},vanilla", "--jobs", "1", "--out", tmp_path / "run")
    records = [read_record(path, CellRecord) for path in RunFolder(tmp_path / "run").record_files("cells")]
    assert {r.spec.variant: (r.status, r.reason) for r in records} == {
        "mine": ("failed", "my_gan.py:17: ValueError: tenth"), "vanilla": ("done", None)
    }  # fmt: skip
    assert ended.code == 1 and "shapes mine seed 0 failed: my_gan.py:17: ValueError: tenth" in ended.stderr


STARTS = "class Mine:\n"
FAULTS = [  # what stands in the file, what is put in its place, and the sentence that follows
    ("class Mine:", "class Mine(:", "4: SyntaxError: invalid syntax."),
    ("from torch import nn", "from torch import nnn", "2: ImportError: cannot import name 'nnn' from 'torch'"),
    ("from torch import nn", "import torhc", "2: ModuleNotFoundError: No module named 'torhc'."),
    ("from torch import nn", "raise SystemExit(3)", "2: SystemExit: 3."),
    ("def g_loss", "def loss", "4: Mine has no g_loss; it needs generator, discriminator, d_loss, g_loss, or to derive from"),
    (STARTS, STARTS + "    name = 'dcgan'\n", "4: variant 'dcgan' has the name of another variant; give it another `name`."),
    (STARTS, STARTS + "    name = 'my gan'\n", "4: variant 'my gan' has a name that is not made of letters, digits, - and _."),
    (STARTS, STARTS + "    name = 3\n", "4: variant 3 has no attribute `name`, which must be a text."),
    (STARTS, STARTS + "    lr = 'fast'\n", "4: lr = 'fast' must be a number."),
    (STARTS, STARTS + "    batch_size = 0.5\n", "4: batch_size = 0.5 must be a whole number."),
    (STARTS, STARTS + "    def __init__(self, width): pass\n", "4: TypeError: Mine.__init__() missing 1 required positional"),
    ("(1, image_shape)", "(1, (3, 16, 64))", "5: mine draws images of shape (3, 16, 64), and those of the dataset have"),
    ("nn.Linear(z_dim", "nn.Linear(z_dim - 1", "5: RuntimeError: mat1 and mat2 shapes cannot be multiplied (16x100 and"),
    ("nn.Sequential(nn.Linear(z", "lambda z: (nn.Linear(z", "5: generator returns a function, not an nn.Module."),
    ("nn.Tanh()", "nn.Hardtanh(-5, 5), nn.LeakyReLU(9)", "5: mine draws values from -"),
    ("nn.Tanh()", "nn.Sigmoid()", "5: mine draws values from 0."),
    ("nn.Tanh()", "nn.Threshold(9, float('nan'))", "5: mine draws values that are not finite before any training."),
    ("nn.Linear(prod(image_shape), 1)", "nn.Linear(9, 1)", "8: RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
    (
        " 1))",
        " 1), nn.Flatten(0), nn.Unflatten(0, (4, -1)))",
        "8: of 16 images the discriminator makes shape (4, 4), not one row",
    ),
    (").mean()\n\n", ")\n\n", "11: d_loss returns a tensor of shape (16, 1), not a tensor with one number, such as a mean."),
    ("return (fake", "return float('nan') * (fake", "4: mine's d_loss is nan at the first step."),
    ("return -fake_logits", "return -fake", "15: NameError: name 'fake' is not defined."),
    ("g_loss(self, fake", "g_loss(fake", "4: TypeError: Mine.g_loss() takes 1 positional argument but 2 were given."),
    ("return -fake_logits.mean()", "return 1.0", "14: g_loss returns a float, not a tensor with one number, such as a mean."),
]


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS, ids=[sentence for _, _, sentence in FAULTS])
def test_a_fault_is_one_sentence_at_planning_with_file_and_line(cli, tmp_path, old, new, sentence):
    assert PLAIN.count(old) == 1
    file = write(tmp_path, PLAIN.replace(old, new))
    ended = cli(*SMOKE, "--budget", "smoke", "--variants", file, "--out", tmp_path / "run", "--dry-run")
    assert ended.code == 2 and ended.stderr.startswith(f"gan-bench: my_gan.py:{sentence}") and ended.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


STEP = DERIVED + "\n    def train_step(self, step, reals, labels, rng):\n        return {}[step]\n"
ABSTRACT = DERIVED.replace("generators.lsgan import LSGAN", "generators.base import Variant").replace("LSGAN", "Variant")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (DERIVED.replace('title = "Mine"', "title = 3"), "5: variant 'mine' has title = 3, which must be a text."),
        (ABSTRACT, "5: variant 'mine' does not define `build`, `build_optimisers`, `train_step`."),
        (STEP, "11: KeyError: 0."),
        (STEP.replace("{}[step]", "{'loss': reals[0].mean()}"), "5: mine returns loss, which its `curves` do not declare."),
        (STEP.replace("{}[step]", "[]"), "5: mine's train_step does not return a dictionary of tensors with one number each."),
    ],
)
def test_faults_of_a_class_on_variant_have_file_and_line(tmp_path, text, sentence):
    with pytest.raises(UserError) as refused:
        cell_of(write(tmp_path, text))
    assert str(refused.value) == f"my_gan.py:{sentence}"


def test_a_step_that_cannot_be_counted_is_told_before_the_training(tmp_path):
    """The counter of operations cannot watch a gradient with respect to a leaf, as gradient penalties often take it."""
    leaf = """
    def d_penalty(self, real, fake, rng):
        x = real.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self.discriminator(x).sum(), x, create_graph=True)
        return gradient.square().mean()
"""
    file = write(tmp_path, "import torch\n" + DERIVED + leaf)
    with pytest.raises(UserError, match=r"my_gan\.py:13: .* so the operations of its training step cannot be counted"):
        cell_of(file)
    assert cell_of(write(tmp_path, "import torch\n" + DERIVED + leaf.replace("(x)", "(y)").replace("(), x,", "(), y,").replace(
        "        (gra", "        y = x.clone()\n        (gra"))).variant == "mine"  # fmt: skip


def test_what_a_file_prints_is_no_result(cli, tmp_path):
    file = write(tmp_path, PLAIN.replace("        return nn.Seq", "        print('building')\n        return nn.Seq", 1))
    ended = cli(*SMOKE, "--budget", "smoke", "--variants", file, "--dry-run", "--json", "--out", tmp_path / "run")
    assert json.loads(ended.stdout)["cells"][0]["variant"] == "mine" and "building" in ended.stderr


def test_which_class_is_meant_must_be_clear(tmp_path):
    two = write(tmp_path, PLAIN + "\nclass Other(Mine):\n    pass\n\nclass Third(Mine):\n    pass\n")
    with pytest.raises(UserError, match=r"holds several variants; choose one: my_gan.py:Other, my_gan.py:Third"):
        own.read_sources([str(two)])  # a base of others is not meant
    assert own.read_sources([f"{two}:Mine"])[f"{two}:Mine"].kind.name == "mine"
    with pytest.raises(UserError, match=r"unknown class of my_gan.py 'Oter'; did you mean 'Other'"):
        own.read_sources([f"{two}:Oter"])
    with pytest.raises(UserError, match=r"my_gan.py holds no variant: a class with generator"):
        own.read_sources([str(write(tmp_path, "x = 1"))])
    with pytest.raises(UserError, match=r"there is no file .*absent.py"):
        own.read_sources([str(tmp_path / "absent.py")])
    (tmp_path / "my_gan.py").write_bytes(b"x = '\xff'")
    with pytest.raises(UserError, match=r"my_gan.py cannot be read as UTF-8 text"):
        own.read_sources([str(tmp_path / "my_gan.py")])


def test_two_files_with_one_name_are_refused(tmp_path):
    one, two = write(tmp_path), write(tmp_path, "# another\n" + PLAIN, "other.py")
    with pytest.raises(UserError, match=r"my_gan.py:4 and other.py:5 are both called 'mine'; give one of them another `name`"):
        own.read_sources([str(one), str(two)])


def test_what_a_class_states_is_a_setting_at_every_budget(tmp_path):
    """The rest is as in DCGAN: at a short budget its settings for few updates."""
    file = write(tmp_path, PLAIN.replace("class Mine:", "class Mine:\n    lr = 1\n    margin = 2.0\n    deep = True\n"))
    (kind,) = (source.kind for source in own.read_sources([str(file)]).values())
    short, long = kind.default_settings(32, short=True), kind.default_settings(64)
    assert (short["lr"], short["batch_size"], short["ema"], short["margin"], short["deep"]) == (1.0, 16, 0.99, 2.0, True)
    assert (long["lr"], long["batch_size"], long["ema"], long["width"]) == (1.0, 64, 0.0, 64)
    cell = make_plan(request(file, changes=parse_changes(["mine.margin=3", "mine.deep=false"], {"mine": kind}))).cells[0]
    assert cell.changed == {"margin": 3.0, "deep": False}
    user = build_variant(cell, CPU)._user
    assert (user.margin, user.deep, user.lr) == (3.0, False, 1.0)


class Viewing:
    """As people write it: batch norm in D, and `view` in its forward."""

    class Critic(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv, self.norm, self.end = nn.Conv2d(channels, 4, 4, 4), nn.BatchNorm2d(4), nn.Linear(256, 1)

        def forward(self, x):
            x = self.norm(self.conv(x))
            return self.end(x.view(x.size(0), -1)).squeeze()  # (B,)

    def generator(self, image_shape, z_dim):
        return nn.Sequential(nn.Linear(z_dim, 8), nn.Unflatten(1, (8, 1, 1)), nn.ConvTranspose2d(8, 3, 32), nn.Tanh())

    def discriminator(self, image_shape):
        return self.Critic(image_shape[0])

    def d_loss(self, real_logits, fake_logits):
        return nn.functional.softplus(fake_logits - real_logits).mean()

    def g_loss(self, fake_logits):
        return nn.functional.softplus(-fake_logits).mean()


def test_plain_networks_are_used_as_in_plain_pytorch():
    """Reals and fakes have batch statistics of their own, `view` works, and logits may have one axis."""
    kind = wrapped(Viewing, "here.py:1")
    assert issubclass(kind, PlainVariant)
    variant = kind((3, 32, 32), 10, kind.settings_type(width=8, batch_size=4), seed=0, device=CPU)
    real = (torch.rand(4, 3, 32, 32) * 2 - 1).contiguous(memory_format=torch.channels_last)
    own.rehearse(variant, "here.py:1")
    assert variant.realness(real).shape == (4,)

    twin = kind((3, 32, 32), 10, kind.settings_type(width=8, batch_size=4), seed=0, device=CPU)
    twin.load_state(variant.state())
    found = twin.judged(twin.d_input(real, None), twin.d_input(real * 0.1, None))
    for logits, images in zip(found, (real, real * 0.1), strict=True):
        torch.testing.assert_close(logits, variant.discriminator(images.contiguous()))


def test_points_may_lie_anywhere_and_images_may_not():
    variant = build_variant(cell_spec(), CPU)
    own.check_images(torch.ones(2, 3, 32, 32), variant)
    with pytest.raises(files.Fault, match=r"dcgan draws values from 1\.01 to 1\.01; they must lie in \[-1, 1\]"):
        own.check_images(torch.full((2, 3, 32, 32), 1.01), variant)
    variant.image_shape = (2, 1, 1)
    own.check_images(torch.full((2, 2, 1, 1), 7.0), variant)


def test_several_values_make_a_cell_each(cli, tmp_path):
    """All combinations, each with a line of its own; the default is the cell without changes."""
    asked = ("--set", "dcgan.lr=1e-4,4e-4,1e-4", "--set", "dcgan.minibatch=none,std")
    ended = cli(*SMOKE, "--budget", "smoke", "--variants", "dcgan,vanilla", *asked, "--dry-run", "--out", tmp_path)
    lines = [line for line in ended.stdout.splitlines() if line.startswith("shapes")]
    assert [line.split("  ")[1].strip() for line in lines] == [
        "dcgan (lr=1e-4)", "dcgan (lr=1e-4, minibatch=std)", "dcgan", "dcgan (minibatch=std)", "vanilla"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["dcgan.lr=1e-4", "dcgan.lr=5e-4"], "--set changes dcgan.lr twice; give its values at once: dcgan.lr=VALUE,VALUE."),
        (["dcgan.lr=1e-4,"], "dcgan.lr is a number, not ''."),
        (["dcgan.lr="], "dcgan.lr is a number, not ''."),
        (["dcgan.lr=1e-4,fast"], "dcgan.lr is a number, not 'fast'."),
    ],
)
def test_a_wrong_list_of_values_is_refused(texts, sentence):
    with pytest.raises(UserError) as refused:
        parse_changes(texts)
    assert str(refused.value) == sentence


def test_a_value_in_quotes_keeps_its_commas():
    assert parse_changes(['dcgan.minibatch="a,b",c']) == {"dcgan": [{"minibatch": "a,b"}, {"minibatch": "c"}]}


def test_settings_of_a_variant_that_is_not_trained_are_refused(cli, tmp_path):
    ended = cli(*SMOKE, "--budget", "smoke", "--variants", "dcgan", "--set", "wgan.lr=1e-4", "--dry-run", "--out", tmp_path)
    assert ended.code == 2 and ended.stderr == "gan-bench: --set changes wgan, and this run trains dcgan.\n"


def test_all_stands_for_what_suits_the_dataset():
    assert set(every_variant("ring8", ["vanilla"])) == {"vanilla", "pacgan2", "wgan-gp"}
    assert set(every_variant("mnist", [])) == set(own.VARIANTS.names())
    assert "mixture" not in every_metric("mnist", []) and {"cas", "truth", "modes", "vendi"} <= set(every_metric("mnist", []))
    assert "mixture" in every_metric("ring8", []) and not {"modes", "truth", "cas"} & set(every_metric("ring8", []))
    assert every_extractor("mnist", ["mnist-cnn", "lite0"]) == ["inception", "raw", "mnist-cnn", "lite0"]
    assert every_extractor("ring8", ["raw"]) == ["raw"]


def test_what_scores_images_takes_all_as_well(cli):
    suite = suites.load("mnist")
    assert measured_by("mnist", None, None) == (suite.extractors, suite.metrics)
    every = tuple(dict.fromkeys(every_metric("mnist", suite.metrics)))
    assert measured_by("mnist", ["raw"], ["fd", "all"]) == (("raw",), every) and every[0] == "fd"
    assert measured_by("mnist", None, "vendi")[1] == ("vendi",)  # a Python caller may leave the list out
    assert cli("score", ".", "--dataset", "shapes", "--metrics", "all,fid").stderr.startswith("gan-bench: unknown metric 'fid'")


def test_all_keeps_the_order_of_the_suite_and_can_stand_beside_a_file(cli, tmp_path):
    file = write(tmp_path)
    asked = ("--variants", f"all,{file}", "--metrics", "all", "--extractors", "all", "--detectors", "none", "--device", "cpu")
    ended = cli("run", "--suite", "modes", "--budget", "smoke", *asked, "--dry-run", "--json", "--out", tmp_path / "run")
    plan = json.loads(ended.stdout)
    for dataset, cells in (("ring8", plan["cells"][:4]), ("grid25", plan["cells"][4:])):
        assert [cell["variant"] for cell in cells] == ["vanilla", "pacgan2", "wgan-gp", "mine"]
        assert {cell["dataset"] for cell in cells} == {dataset} and cells[0]["extractors"] == ["raw"]
        assert cells[0]["metrics"][:4] == ["mixture", "fd", "pr", "dc"] and "vendi" in cells[0]["metrics"]
