"""What detectors are fitted and tested on, under which protocols, and what follows from their scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from gan_bench import material as materials
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS, every_name, plain
from gan_bench.detectors.audit import audit, controls
from gan_bench.detectors.augment import augmented
from gan_bench.detectors.base import Detector
from gan_bench.detectors.delivery import FIT, REAL, TEST, VALIDATE, Delivery, Folds, Material
from gan_bench.detectors.evaluate import auroc
from gan_bench.detectors.examine import Examination, Files
from gan_bench.detectors.protocols import trials
from gan_bench.detectors.scores import combined, detections_of, read_scores, write_scores
from gan_bench.device import environment
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.material import fake_folds, real_folds, reconstructions
from gan_bench.records import (
    CONTROLS,
    EVERY,
    LEAVE_ONE_OUT,
    MATRIX,
    NEW_SEED,
    REFITTED,
    ROBUST,
    SEEN,
    TIERS,
    CellRecord,
    CellSpec,
    Detection,
    JudgeSpec,
    spec_hash,
    write_record,
)  # fmt: skip
from gan_bench.sample import Drawn, build_variant, draw, load_critic, save_networks
from tests.conftest import CPU
from tests.factories import cell_spec, small

NUMBERED = torch.arange(1000).view(-1, 1, 1, 1)


pytestmark = pytest.mark.usefixtures("one_thread")


# ---------------------------------------------------------------------------------------------------------- material


def test_folds_of_reals_are_disjoint_and_keep_their_images():
    large, small = real_folds(NUMBERED, 1000), real_folds(NUMBERED, 200)
    assert {name: len(part) for name, part in large.items()} == {"fit": 600, "validate": 100, "test": 300}
    assert {name: len(part) for name, part in small.items()} == {"fit": 120, "validate": 20, "test": 60}
    assert len(torch.cat(list(large.values())).unique()) == 1000
    for name, part in small.items():
        assert set(part.flatten().tolist()) <= set(large[name].flatten().tolist())


def untrained(folder: Path, spec: CellSpec) -> Variant:
    """The variant of a cell as a finished cell in `folder`, without its training."""
    variant = build_variant(spec, CPU)
    save_networks(variant, spec, folder)
    record = CellRecord(environment=environment(CPU), spec=spec, spec_hash=spec_hash(spec), status="done")
    write_record(folder / "record.json", record)
    return variant


def test_fakes_of_the_folds_share_no_image_with_each_other_or_with_scoring(tmp_path):
    spec = cell_spec()
    variant = untrained(tmp_path, spec)
    folds = fake_folds(variant, spec.dataset, spec.seed, {"fit": 60, "validate": 20, "test": 30}, n_cells=2)
    assert {name: len(part) for name, part in folds.items()} == {"fit": 30, "validate": 10, "test": 30}
    sets = [*folds.values(), draw(variant, DATASETS.create(spec.dataset), spec.seed, "score", 50).images]
    images = [bytes(image.numpy()) for part in sets for image in part]
    assert len(set(images)) == len(images)


def translator(folder: Path) -> Variant:
    """An untrained CycleGAN as a finished cell: equal sources give equal images."""
    return untrained(folder, cell_spec(variant="cyclegan", settings=VARIANTS.get("cyclegan").default_settings(8)))


def test_no_two_folds_start_from_one_image(tmp_path):
    """Two draws of 400 and of 1,000 among 4,096 sources: separate draws for each fold shared 7 and 54 of them."""
    variant = translator(tmp_path)
    for counts in ({"fit": 240, "validate": 40, "test": 120}, {"fit": 600, "validate": 100, "test": 300}):
        folds = fake_folds(variant, "shapes", 0, counts, n_cells=1)
        assert {fold: len(part) for fold, part in folds.items()} == counts
        images = [bytes(image.numpy()) for part in folds.values() for image in part]
        assert len(set(images)) == len(images)


def test_where_sources_are_few_all_folds_shrink_alike(tmp_path, monkeypatch):
    whole = translator(tmp_path)

    def at_most_90(*arguments: Any, **options: Any) -> Drawn:
        drawn = draw(*arguments, **options)
        return drawn._replace(images=drawn.images[:90])

    monkeypatch.setattr(materials, "draw", at_most_90)
    folds = fake_folds(whole, "shapes", 0, {"fit": 120, "validate": 20, "test": 60}, n_cells=1)
    assert {fold: len(part) for fold, part in folds.items()} == {"fit": 54, "validate": 9, "test": 27}
    drawn = draw(whole, DATASETS.create("shapes"), 0, "judge", 90, split="train").images
    assert torch.equal(torch.cat(list(folds.values())), drawn)


def test_a_cell_keeps_its_discriminator_and_it_judges_single_images(tmp_path):
    images = torch.rand(3, 3, 32, 32, generator=stream(0, "critic")) * 2 - 1
    for name in ("vanilla", "dcgan", "cgan", "cyclegan", "srgan", "pacgan2"):
        spec = cell_spec(variant=name, settings=VARIANTS.get(name).default_settings(8))
        variant = untrained(tmp_path / name, spec)
        critic = load_critic(tmp_path / name, CPU)
        with variant.evaluating():
            expected = variant.realness(images)
        assert torch.equal(critic(images), expected) and expected.shape == (3,)
        whole = images.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(whole)[0], whole)
        assert gradient[0].abs().sum() > 0 and gradient[1:].abs().sum() == 0, "each image is judged by itself"


def test_a_variant_without_a_discriminator_has_no_critic(tmp_path):
    untrained(tmp_path, cell_spec(variant="vae", settings=VARIANTS.get("vae").default_settings(8)))
    assert load_critic(tmp_path, CPU) is None and not (tmp_path / "discriminator.safetensors").exists()


def test_only_an_autoencoder_reconstructs_the_reals():
    real = {FIT: torch.randint(0, 256, (5, 3, 32, 32), generator=stream(0, "matched")).byte()}
    assert reconstructions(small("dcgan"), real) is None
    matched = reconstructions(small("vae"), real)
    assert matched[FIT].shape == real[FIT].shape and matched[FIT].dtype == torch.uint8


# --------------------------------------------------------------------------------------------------------- protocols

FAMILIES = {"a": "generate", "b": "generate", "c": "upscale"}


def test_leave_one_out_never_fits_on_the_tested_variant():
    found = list(trials(FAMILIES))
    for protocol, fitted_on, tested in found:
        if protocol.startswith("leave"):
            assert not set(fitted_on) & set(tested) and set(fitted_on) | set(tested) == set(FAMILIES)
    assert [(p, tested) for p, _, tested in found if p.startswith("leave")] == [
        ("leave-one-out", ("a",)), ("leave-one-out", ("b",)), ("leave-one-out", ("c",)),
        ("leave-one-family-out", ("a", "b")), ("leave-one-family-out", ("c",)),
    ]  # fmt: skip


def test_the_matrix_fits_on_each_and_tests_on_all():
    assert [(fitted_on, tested) for p, fitted_on, tested in trials(FAMILIES) if p == MATRIX] == [
        ((key,), ("a", "b", "c")) for key in "abc"
    ]


def test_one_variant_is_only_seen_and_one_family_is_not_left_out():
    assert [p for p, *_ in trials({"a": "generate"})] == [SEEN]
    assert {p for p, *_ in trials({"a": "x", "b": "x"})} == {SEEN, LEAVE_ONE_OUT, MATRIX}
    assert [p for p, *_ in trials(FAMILIES, every=False)] == [SEEN]


# ------------------------------------------------------------------------------------------------- a whole examination


class Level(Detector):
    """The mean level of an image, more than that of the reals by half of the way: fakes are brighter."""

    name, method = "level", "mean level"

    def prepare(self, images: Tensor) -> Tensor:
        return images.float().mean((1, 2, 3))

    def fit(self, real, fake, validate_real, validate_fake, checkpoint=None) -> None:
        self.sets = real, fake, validate_real, validate_fake
        self.middle = (real.mean() + fake.mean()) / 2

    def score(self, prepared: Tensor) -> np.ndarray:
        return (prepared - self.middle).double().numpy()

    def state(self) -> dict[str, Tensor]:
        return {"middle": self.middle}

    def load_state(self, state) -> None:
        self.middle = state["middle"]


class Costly(Level):
    name, costly, random = "costly", True, True


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """Both detectors, while these tests run."""
    for member in (Level, Costly):
        DETECTORS.register(member)
    yield
    for member in (Level, Costly):
        del DETECTORS._members[member.name]


COUNTS = {FIT: 36, VALIDATE: 12, TEST: 24}


def noise(level: float, n: int, *names: str) -> Tensor:
    """uint8 (n, 1, 16, 16) around a level."""
    return (level + 40 * torch.rand(n, 1, 16, 16, generator=stream(0, "noise", *names))).to(torch.uint8)


def folds(level: float, *names: str, share: int = 1) -> Folds:
    return {fold: noise(level, n if fold == TEST else n // share, fold, *names) for fold, n in COUNTS.items()}


@pytest.fixture(scope="module")
def material() -> Material:
    """Fakes of a are hardly brighter than reals, those of b more, those of c much."""
    return Material(
        real=folds(60, REAL), fakes={key: folds(60 + up, key, share=3) for key, up in (("a", 0.2), ("b", 5), ("c", 90))},
        families=FAMILIES, others={"b": noise(65, 24, "other")}, other_seed=1, train=folds(60, "train"),
        matched=folds(63, "matched"), critics={}, dataset_digest="d",
    )  # fmt: skip


def examined(material: Material, folder: Path, name: str = "level", **changes: Any) -> Examination:
    spec = JudgeSpec(
        **{"dataset": "shapes", "detector": name, "seed": 0, "preset": "smoke", "n_judge": 72, "n_shown": 10, **changes}
    )
    files = Files(folder, "model-{}.safetensors", "explained.png")
    examination = Examination(DETECTORS.create(plain(name)), Delivery(material, 0), spec, files)
    examination.run(then=audit)
    return examination


@pytest.fixture(scope="module")
def table(material, tmp_path_factory) -> pd.DataFrame:
    return pd.concat(examined(material, tmp_path_factory.mktemp("level")).rows, ignore_index=True)


@pytest.fixture(scope="module")
def detections(table) -> list[Detection]:
    return detections_of(table, seed=0)


def pick(detections: list[Detection], protocol: str, tier: str = "clean", **where: Any) -> list[Detection]:
    found = [d for d in detections if (d.protocol, d.tier) == (protocol, tier)]
    return [d for d in found if all(getattr(d, name) == value for name, value in where.items())]


def test_every_protocol_and_control_is_there_on_clean_and_web_and_only_seen_on_hard(detections):
    for tier in TIERS[:2]:
        found = {d.protocol for d in detections if d.tier == tier}
        wanted = {SEEN, LEAVE_ONE_OUT, "leave-one-family-out", MATRIX, NEW_SEED, *CONTROLS}
        assert found == (wanted | {ROBUST} if tier == "clean" else wanted - {"re-encoded"})
    assert {d.protocol for d in detections if d.tier == "hard"} == {SEEN, NEW_SEED}


def test_numbers_are_those_of_the_images(material, detections):
    (of_b,) = pick(detections, SEEN, variant="b")
    means = [images.float().mean((1, 2, 3)).double().numpy() for images in (material.real[TEST], material.fakes["b"][TEST])]
    assert of_b.auroc == auroc(*means) and (of_b.n_real, of_b.n_fake) == (24, 24)
    assert of_b.fitted_on == ("a", "b", "c")


def test_all_variants_together_are_as_many_fakes_as_reals_and_each_has_its_part(detections):
    (together,) = pick(detections, SEEN, variant=EVERY)
    assert (together.n_real, together.n_fake) == (24, 24)
    apart = [d.auroc for d in pick(detections, SEEN) if d.variant != EVERY]
    assert min(apart) < together.auroc < max(apart)


def test_only_the_pooled_detection_tells_how_often_verdicts_flip(detections):
    for d in pick(detections, SEEN):
        assert (d.unsure is not None) == (d.variant == EVERY)
        assert d.unsure is None or 0 <= d.flip_rate <= d.unsure <= 1


def test_every_corruption_at_every_severity_is_tested_on_clean_fits(detections):
    found = {(d.corruption, d.severity) for d in pick(detections, ROBUST)}
    assert {("jpeg", 5), ("blur", 1), ("noise", 3), ("web", 1), ("hard", 1)} <= found and len(found) == 8 * 5 + 2
    assert {d.variant for d in pick(detections, ROBUST)} == {EVERY}


def test_the_threshold_comes_from_the_validation_reals_of_the_same_fit(table, detections):
    rows = table[
        (table.tier == "web") & (table.protocol == LEAVE_ONE_OUT) & (table.fitted_on == "a,b") & (table.fold == VALIDATE)
    ]
    (without_c,) = pick(detections, LEAVE_ONE_OUT, tier="web", variant="c")
    reals = rows[rows.label == 0].logit
    assert len(reals) == 12 and (reals > without_c.threshold).mean() <= 0.05
    assert set(rows.variant) == {REAL, "a", "b"}, "the tested variant has no part in the choice of a detector"


def test_another_seed_is_tested_with_its_own_seed_in_the_table(table):
    fakes = table[(table.protocol == NEW_SEED) & (table.label == 1) & (table.fold == TEST)]
    assert set(fakes.seed) == {1} and set(fakes.variant) == {"b"}


def test_scores_keep_every_digest_and_survive_the_file(table, detections, tmp_path):
    write_scores(table, tmp_path / "scores.parquet")
    assert detections_of(read_scores(tmp_path / "scores.parquet"), seed=0) == detections
    seen = table[(table.tier == "clean") & (table.protocol == SEEN) & (table.corruption == "") & (table.fold == TEST)]
    again = table[(table.tier == "web") & (table.protocol == SEEN) & (table.corruption == "") & (table.fold == TEST)]
    assert list(seen.digest) == list(again.digest), "an image keeps its digest on every tier"
    assert seen.groupby("variant").digest.nunique().eq(24).all()


def test_a_file_that_is_no_table_of_scores_is_refused(tmp_path):
    (tmp_path / "scores.parquet").write_bytes(b"PAR1")
    with pytest.raises(Exception, match=r"scores.parquet is not a table of scores"):
        read_scores(tmp_path / "scores.parquet")


def test_a_costly_detector_is_only_seen_until_the_budget_is_large(material, tmp_path):
    few, many = (examined(material, tmp_path, "costly", thorough=thorough) for thorough in (False, True))
    assert {row.protocol.iloc[0] for row in few.rows} == {SEEN, NEW_SEED, ROBUST}
    added = {LEAVE_ONE_OUT, "leave-one-family-out", MATRIX, REFITTED, *CONTROLS}
    assert {row.protocol.iloc[0] for row in many.rows} == {SEEN, NEW_SEED, ROBUST} | added
    assert {row.tier.iloc[0] for row in many.rows if row.protocol.iloc[0] == LEAVE_ONE_OUT} == set(TIERS)


def test_an_augmented_detector_is_fitted_on_copies_too_and_validated_on_the_same_images(material, tmp_path):
    plain_, twin = examined(material, tmp_path / "a", "level"), examined(material, tmp_path / "b", "level+aug")
    assert {row.protocol.iloc[0] for row in plain_.rows} - {row.protocol.iloc[0] for row in twin.rows} == set(CONTROLS)
    twin.prepare("clean")
    real, fake, *validate = twin._sets(("a", "b"))
    assert len(real) == 2 * 36 and len(fake) == 2 * 2 * 12 and [len(part) for part in validate] == [12, 8]


def test_the_threshold_of_an_augmented_detector_is_set_on_augmented_reals(material, tmp_path):
    """Else a detector that knows clean reals well calls every compressed one fake."""
    rows = pd.concat(examined(material, tmp_path, "level+aug").rows, ignore_index=True)
    (found,) = pick(detections_of(rows, seed=0), SEEN, variant=EVERY)
    fit = rows[(rows.tier == "clean") & (rows.protocol == SEEN)]
    calibration, plain_ = (fit[(fit.fold == fold) & (fit.label == 0)].logit for fold in ("calibrate", VALIDATE))
    assert len(calibration) == 12 and sorted(calibration) != sorted(plain_)
    assert found.threshold in set(calibration) and (calibration > found.threshold).mean() <= 0.05
    fakes = fit[(fit.fold == VALIDATE) & (fit.label == 1)].logit
    assert found.validate_auroc == auroc(plain_.to_numpy(), fakes.to_numpy()), "detectors are compared on the same images"


def test_fitted_detectors_are_kept_for_each_tier(material, tmp_path):
    examination = examined(material, tmp_path)
    assert set(examination.models) == set(TIERS)
    assert {file.name for file in tmp_path.glob("*.safetensors")} == {f"model-{tier}.safetensors" for tier in TIERS}


# ------------------------------------------------------------------------------------------------------------ controls


@pytest.fixture
def on_clean(material, tmp_path) -> Examination:
    spec = JudgeSpec(dataset="shapes", detector="level", seed=0, preset="smoke", n_judge=72, n_shown=10)
    examination = Examination(
        DETECTORS.create("level"), Delivery(material, 0), spec, Files(tmp_path, "model-{}", "explained.png")
    )
    examination.prepare("clean")
    return examination


def test_controls_share_no_image_between_their_sides_or_their_folds(on_clean):
    for control in controls(on_clean, "clean"):
        digests = [
            digest for side in (control.negatives, control.positives) for fold in COUNTS for digest in side[fold].digests
        ]
        assert len(set(digests)) == len(digests), control.protocol
        for side in (control.negatives, control.positives):
            assert all(len(side[fold].prepared) == len(side[fold].digests) > 0 for fold in COUNTS)


def test_shuffled_sides_hold_reals_and_fakes_alike(on_clean):
    (shuffled,) = [control for control in controls(on_clean, "clean") if control.protocol == "shuffled-labels"]
    real = set(on_clean.delivery.digests(REAL, TEST))
    shares = [np.mean([d in real for d in side[TEST].digests]) for side in (shuffled.negatives, shuffled.positives)]
    assert all(0.2 < share < 0.8 for share in shares)


def test_what_controls_find_is_chance_or_what_is_there(detections):
    """Fakes that reconstruct reals are brighter here; reals are all alike, and mixed sides too."""
    found = {d.protocol: d for d in detections if d.tier == "clean" and d.protocol in CONTROLS}
    assert found["content-matched"].auroc > 0.9 and found["re-encoded"].variant == EVERY
    for protocol in ("real-vs-real", "train-vs-test", "shuffled-labels"):
        assert found[protocol].variant == REAL
        assert found[protocol].auroc_interval.low <= 0.5 <= found[protocol].auroc_interval.high


def test_without_an_autoencoder_nothing_is_content_matched(on_clean):
    on_clean.delivery.material = on_clean.delivery.material._replace(matched=None)
    on_clean.prepare("web")
    assert [c.protocol for c in controls(on_clean, "web")] == ["real-vs-real", "shuffled-labels", "train-vs-test"]


# ------------------------------------------------------------------------------------------------------------ the rest


def test_combined_scores_are_the_mean_of_equal_tests_only(table):
    clean = table[table.tier == "clean"]
    shifted = table[table.protocol != MATRIX].sample(frac=1, random_state=0).assign(logit=lambda rows: rows.logit + 2)
    both = combined([clean, shifted])
    assert set(both.tier) == {"clean"} and MATRIX not in set(both.protocol)
    keys = [column for column in clean.columns if column != "logit"]
    of_clean = clean[clean.protocol != MATRIX].sort_values([*keys, "logit"]).logit.clip(-9, 9)
    assert len(both) == len(of_clean)
    inside = both.sort_values([*keys, "logit"]).logit.to_numpy()
    small = (of_clean.to_numpy() > -9) & (of_clean.to_numpy() < 7)
    np.testing.assert_allclose(inside[small], of_clean.to_numpy()[small] + 1)


def test_augmentation_changes_about_three_images_of_four_and_is_repeatable():
    images = noise(60, 400, "augment")
    once, again = augmented(images, seed=1), augmented(images, seed=1)
    assert torch.equal(once, again) and once.shape == images.shape
    changed = (once != images).flatten(1).any(1).float().mean().item()
    # 1 - 1/2 * 1/2; the deviation of a share of 400 is 0.022, and four of them are allowed
    assert changed == pytest.approx(0.75, abs=0.09)


def test_every_name_holds_each_detector_plain_and_augmented_and_those_that_combine_last():
    names = every_name()
    assert {"spectrum", "spectrum+aug", "timm:tf_efficientnet_lite0", "timm:tf_efficientnet_lite0+aug"} <= set(names)
    combining = [DETECTORS.get(plain(name)).combines for name in names]
    assert combining == sorted(combining) and "ensemble+aug" not in names
