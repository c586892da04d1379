"""What was measured of detectors. Fakes are the positives: a logit above 0 says that an image is more likely fake."""

from __future__ import annotations

from typing import Literal

from gan_bench.records.base import Interval, Model
from gan_bench.records.results import Record
from gan_bench.records.specs import AttackSpec, JudgeSpec

CLEAN = "clean"
TIERS = (CLEAN, "web", "hard")  # how images are delivered to a detector, from nothing done to much; see detectors/corruptions
SEEN, LEAVE_ONE_OUT, LEAVE_ONE_FAMILY_OUT, MATRIX, NEW_SEED, ROBUST = (
    "seen", "leave-one-out", "leave-one-family-out", "matrix", "new-seed", "robust",
)  # fmt: skip
REFITTED = "refitted"  # `seen`, by the same detector with another seed
HALVES, SPLITS, SHUFFLED, RE_ENCODED, MATCHED = (
    "real-vs-real", "train-vs-test", "shuffled-labels", "re-encoded", "content-matched",
)  # fmt: skip
PROTOCOLS = (SEEN, LEAVE_ONE_OUT, LEAVE_ONE_FAMILY_OUT, MATRIX, NEW_SEED, REFITTED, ROBUST)
CONTROLS = (HALVES, SPLITS, SHUFFLED, RE_ENCODED, MATCHED)  # the leakage audit
EVERY = "all"  # as the tested variant: fakes of all of them, of each as many


class Detection(Model):
    """One detector tested on one set of fakes, or on what stands in for them, under one protocol.

    tier             how the images were delivered: one of TIERS
    protocol         one of PROTOCOLS or CONTROLS
    fitted_on        the keys of the cells whose fakes it was fitted on
    variant          what was tested: the key of a cell, EVERY, or "real" in a control that has no fakes
    corruption       under ROBUST: what was done to the tested images, with `severity` 1 to 5
    auroc            P(fake > real) + P(fake = real) / 2 for a random pair
    ap               average precision where fakes are half of all images
    real_accuracy    the share of the reals that are called real at a logit of 0; `fake_accuracy` likewise
    threshold        the smallest logit above which at most 5 % of the validation reals lie, augmented ones where the detector
                     is; above it, an image is called fake
    real_accuracy_at_threshold, fake_accuracy_at_threshold
                     the same shares there
    oracle_accuracy  the mean of the two shares at the threshold that is best on the tested images themselves
    tpr_at_1, tpr_at_5
                     the largest share of fakes found while at most 1 (5) % of the reals are called fake; None: withheld, there
                     are fewer than 2,000 (400) reals
    eer              the error rate at the threshold where reals and fakes have the same
    ece              expected calibration error of the probability of fake against the share of fakes, in 15 bins of equal
                     width; classes weigh the same, as for brier and nll
    brier, nll       mean squared error of the probability; mean negative log likelihood in nats
    unsure           the share of images whose verdict changes when they are delivered again; None: not measured
    flip_rate        the share of deliveries that change the verdict
    validate_auroc   AUROC on the validation fold, by which detectors are chosen; None: there is none
    """

    tier: str = CLEAN
    protocol: str
    fitted_on: tuple[str, ...] = ()
    variant: str
    corruption: str = ""
    severity: int = 0
    auroc: float
    auroc_interval: Interval | None
    ap: float
    real_accuracy: float
    fake_accuracy: float
    threshold: float
    real_accuracy_at_threshold: float
    fake_accuracy_at_threshold: float
    oracle_accuracy: float
    tpr_at_1: float | None = None
    tpr_at_5: float | None = None
    eer: float
    ece: float
    brier: float
    nll: float
    unsure: float | None = None
    flip_rate: float | None = None
    validate_auroc: float | None = None
    n_real: int
    n_fake: int


class Cue(Model):
    """One feature of a linear detector and its weight, for a feature with deviation 1: positive speaks for fake."""

    feature: str
    weight: float


class JudgeRecord(Record):
    """One detector on one dataset.

    models  tier -> SHA-256 of the file with the detector that was fitted under SEEN on it
    cues    tier -> the features of a linear detector that weigh most
    explained  the caption of explained.png, which shows what gives the fakes away; "": there is no such picture
    """

    kind: Literal["judge"] = "judge"
    spec: JudgeSpec
    spec_hash: str
    status: Literal["done", "failed"]
    reason: str | None = None
    method: str = ""
    dataset_digest: str | None = None
    n_fit: int = 0
    n_validate: int = 0
    detections: tuple[Detection, ...] = ()
    models: dict[str, str] = {}
    scores_digest: str | None = None  # SHA-256 of the file of the scores
    cues: dict[str, tuple[Cue, ...]] = {}
    explained: str = ""
    seconds: float = 0.0


class Attack(Model):
    """Images changed by at most `eps` levels of 255 to deceive one detector, and shown to another or to the same.

    goal      "evasion": fakes are to pass as real; "framing": reals are to pass as fake
    attacked  the detector whose gradients were used
    shown_to  the detector that was tested
    success   the share of images that were on the right side of the threshold and no longer are
    auroc     of the changed images against the other class unchanged
    """

    goal: Literal["evasion", "framing"]
    attacked: str
    shown_to: str
    eps: int
    success: float | None
    auroc: float
    n: int


class AttackRecord(Record):
    """What attacks on the detectors of one dataset and seed did.

    flags  detector -> reasons why its gradients may hide weaknesses, after AutoAttack's checks (Croce and Hein 2020)
    """

    kind: Literal["attack"] = "attack"
    spec: AttackSpec
    spec_hash: str
    status: Literal["done", "failed"]
    reason: str | None = None
    attacks: tuple[Attack, ...] = ()
    flags: dict[str, tuple[str, ...]] = {}
    seconds: float = 0.0
