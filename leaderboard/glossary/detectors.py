"""The words of the detectors' tables. Fakes are the positives, and reals and fakes weigh the same, whatever their numbers."""

from __future__ import annotations

from gan_bench.leaderboard.glossary.term import HIGHER, LOWER, NEITHER, Term, doi

SHARE = "0 to 1"
HALF = "It hangs on the fitted probability: a detector that ranks all images rightly can be at .5 here. Read it beside AUROC"
SMALL = "It rewards a detector that always says the same: see AUROC first."

MERIT_TERMS = (
    Term(
        "auroc", "AUROC", "The share of pairs of a real and a fake in which the fake gets the higher score. .5 is a coin toss.",
        SHARE, HIGHER, "Hanley and McNeil 1982", doi("10.1148/radiology.143.1.7063747"),
        "It looks at all thresholds at once, also at those that nobody would use: where false alarms are costly, read the "
        "TPR. On clean images a value of 1 often comes from how pixels are stored.",
    ),
    Term(
        "ap", "Average precision (AP)",
        "The share of fakes among the images called fake, averaged over all thresholds, where half of all images are fake.",
        SHARE, HIGHER,
        misleads="Where fakes are rare, as on most sites, the same detector has a much lower one.",
    ),
    Term(
        "real_accuracy", "Reals right", "The share of reals called real at a probability of one half.", SHARE, HIGHER,
        misleads=f"{HALF}, and beside the fakes that are right.",
    ),
    Term(
        "fake_accuracy", "Fakes right", "The share of fakes called fake at a probability of one half.", SHARE, HIGHER,
        misleads=f"{HALF}, and beside the reals that are right.",
    ),
    Term(
        "threshold", "Threshold",
        "The logit above which an image is called fake: the smallest that at most 5 % of the validation reals exceed.",
        "any number", NEITHER,
        misleads="It is a setting, and says nothing of how good a detector is.",
    ),
    Term(
        "real_accuracy_at_threshold", "Reals right at the threshold",
        "The share of test reals that stay below the threshold; .95 is meant.", SHARE, HIGHER,
        misleads="Far below .95 means that the test reals look unlike the validation reals, as after damage.",
    ),
    Term(
        "fake_accuracy_at_threshold", "Fakes right at the threshold",
        "The share of fakes above the threshold.", SHARE, HIGHER,
        misleads="Damaged reals may lie above it too: read it beside the reals that are right there.",
    ),
    Term(
        "oracle_accuracy", "Oracle accuracy",
        "The accuracy at the threshold that is best on the tested images themselves.", SHARE, HIGHER,
        misleads="Nobody knows that threshold beforehand, so it flatters. Do not compare it with the accuracy of other boards.",
    ),
    Term(
        "tpr_at_1", "TPR at 1 % FPR",
        "The largest share of fakes found while at most 1 % of the reals are called fake. Withheld below 2,000 reals.",
        SHARE, HIGHER,
        misleads="It stands on few reals, so it scatters; its threshold comes from the tested images.",
    ),
    Term(
        "tpr_at_5", "TPR at 5 % FPR",
        "The largest share of fakes found while at most 5 % of the reals are called fake. Withheld below 400 reals.",
        SHARE, HIGHER,
        misleads="Its threshold comes from the tested images; what a fixed threshold finds is beside it.",
    ),
    Term(
        "eer", "Equal error rate (EER)",
        "The error at the threshold where as large a share of the reals is called fake as of the fakes is called real.",
        SHARE, LOWER,
        misleads="That threshold comes from the tested images, and both errors rarely cost the same.",
    ),
    Term(
        "ece", "Calibration error (ECE)",
        "How far the probability of fake is from the share of fakes among the images that got it, in 15 bins.",
        SHARE, LOWER, "Naeini et al. 2015",
        misleads="A detector that says one half of everything has 0. Read it beside AUROC.",
    ),
    Term(
        "brier", "Brier score", "The mean squared error of the probability of fake. One half of everything gives .25.",
        SHARE, LOWER, "Brier 1950", doi("10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2"),
        "Above .25, a detector is worse than one that says nothing, though it may rank all images rightly.",
    ),
    Term(
        "nll", "Log loss (NLL)",
        "The mean negative log likelihood of what the images are, in nats. One half of everything gives .69.",
        "0 or more", LOWER,
        misleads="A few images of which a detector was sure and wrong can make up most of it.",
    ),
    Term(
        "unsure", "Unsure", "The share of images whose verdict changes when they are delivered again, with other parameters.",
        SHARE, LOWER, misleads=SMALL,
    ),
    Term(
        "flip_rate", "Flip rate", "The share of new deliveries of an image that change its verdict.", SHARE, LOWER,
        misleads=SMALL,
    ),
    Term(
        "validate_auroc", "AUROC on the validation fold", "The number by which detectors are chosen.", SHARE, HIGHER,
        misleads="It flatters the one that was chosen by it; the AUROC on the test fold does not.",
    ),
)  # fmt: skip

PROTOCOL_TERMS = (
    Term(
        "seen", "Seen", "Fitted on fakes of all variants, tested on new fakes of the same ones.",
        misleads="Real life is harder: the generator of a fake is rarely known.",
    ),
    Term(
        "leave-one-out", "Leave one out", "Fitted on fakes of all variants but the tested one. Detectability is taken from it.",
        misleads="The other variants may be close relatives of the one that is left out.",
    ),
    Term(
        "leave-one-family-out", "Leave one family out",
        "Fitted on fakes of variants that start from something else than the tested one: latents, or images.",
        misleads="There are few families, so a detector sees few kinds of fakes.",
    ),
    Term(
        "matrix", "Matrix",
        "Fitted on fakes of one variant, tested on those of each: whether a detector of one GAN knows another.",
    ),
    Term("new-seed", "New seed", "As seen, tested on fakes of another training of the same variants."),
    Term("refitted", "Refitted", "As seen, by a fit with another seed of the detector: how far a fit scatters."),
    Term(
        "robust", "Robust", "As seen, tested on clean images damaged by one of the corruptions, at severities 1 to 5.",
        misleads="An AUROC may hold while the threshold no longer does: see the reals called fake.",
    ),
)  # fmt: skip

CONTROL_TERMS = (
    Term(
        "real-vs-real", "Reals against reals", "One half of the test reals against the other. There is nothing to find: .5.",
        misleads="A sound interval of 95 % misses .5 in one of twenty controls.",
    ),
    Term(
        "train-vs-test", "Test split against train split", "Reals of the test split against reals of the train split: .5.",
        misleads="Elsewhere than .5, the splits differ, and fakes that were learned from the one differ from reals of the "
        "other.",
    ),
    Term(
        "shuffled-labels", "Shuffled labels",
        "Reals and fakes mixed at random, in every fold: .5, or an image that was fitted on is tested again.",
    ),
    Term(
        "re-encoded", "Re-encoded",
        "As seen, with all images through the same JPEG first. What is lost was in how pixels are stored.",
        misleads="JPEG also destroys some traces of generators, so not all that is lost was storage.",
    ),
    Term(
        "content-matched", "Content matched",
        "Reals against the same reals from an autoencoder. Both show the same things, so only traces tell them apart.",
        misleads="The autoencoder blurs, which is a trace of its own.",
    ),
)  # fmt: skip

TIER_TERMS = (
    Term(
        "clean", "Clean", "Images as they were drawn or stored.",
        misleads="Most of what is found there is how pixels are stored: one statistic of colour, fitted by nobody, tells "
        "dcgan's fakes of CIFAR-10 with an AUROC of .98.",
    ),
    Term(
        "web", "Web",
        "Each image resized and back or cropped, then saved as JPEG of quality 70 to 95, as a site would do it once.",
        misleads="A site that does something else, such as a filter, is not covered.",
    ),
    Term("hard", "Hard", "As web, then blur or noise, then a JPEG of quality 40 to 70."),
)  # fmt: skip

ATTACK_TERMS = (
    Term(
        "eps", "Eps", "By how many of 255 levels an attack may change each pixel, at most.",
        misleads="A detector that withstands this attack may fall to a better one, above all where its gradients are flagged.",
    ),
    Term(
        "success", "Success of an attack",
        "The share of images on the right side of the threshold that no longer are once they were changed. Lower is better for "
        "the detector.",
        SHARE, LOWER,
        misleads="Images that were judged wrongly anyway do not count.",
    ),
    Term("evasion", "Evasion", "Fakes are changed to pass as real."),
    Term("framing", "Framing", "Reals are changed to pass as fake."),
)  # fmt: skip
