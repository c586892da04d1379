"""The words of the board itself: ranks, intervals and marks, what a training costs, and the feature extractors."""

from __future__ import annotations

from gan_bench.leaderboard.glossary.term import HIGHER, LOWER, NEITHER, Term, arxiv, doi

WORDS = (
    Term(
        "track", "Track", "A dataset, a budget and a version of the rules. Only numbers of one track stand in one table.",
        misleads="Two tracks of one dataset are two tables: more compute or other rules make other numbers.",
    ),
    Term(
        "task", "Task",
        "What a generator starts from: latents (generate), outlines or grey images (translate), or images of a quarter of the "
        "side (upscale). Ranks compare within a task.",
        misleads="Translators and upscalers are given test images, so good distances are easier to reach for them.",
    ),
    Term(
        "budget", "Budget",
        "What each training may use: floating-point operations, seconds, real images shown, or steps. The same for all "
        "entries of a track.",
        misleads="An entry that leads at a small budget may fall behind at a larger one.",
    ),
    Term(
        "preset", "Preset", "A named budget with the sizes of networks and sets that go with it: smoke, quick, standard, full.",
        misleads="`quick` is for trying things; variants are to be ranked at `standard` or above.",
    ),
    Term(
        "entry", "Entry", "One recipe: a variant with its settings, over all of its seeds; or somebody's images.",
    ),
    Term(
        "seed", "Seed", "The number that all random draws of a training follow from. Each seed is a training of its own.",
        misleads="One seed tells little: another one of the same recipe may differ by more than two entries do.",
    ),
    Term(
        "rank", "Rank",
        "The places that an entry may have: from 1 + as many as are certainly better, to the last but as many as are certainly "
        "worse. All pairs of a task are tested over their seeds by Welch's test, with Holm's correction.",
        "1 to the number of entries", LOWER, "Welch 1947", doi("10.1093/biomet/34.1-2.28"),
        "Two entries that share places need not be equal: nobody knows yet. More seeds make ranks narrower.",
    ),
    Term(
        "bold", "Bold", "This entry may be the best of its task in this column, by the rule of the ranks.",
        misleads="Where all may be the best, none is bold.",
    ),
    Term(
        "interval", "Interval",
        "In brackets, where the true value lies in 95 % of the cases: over seeds by Student's t; with one seed over its "
        "samples alone.",
        misleads="An interval over the samples of one seed says nothing of another training, and is much narrower.",
    ),
    Term(
        "detectability", "Detectability",
        "The AUROC of one detector that was fitted without this variant and chosen on the validation fold. Lower: harder to "
        "tell from real images.",
        "0 to 1", LOWER,
        misleads="It is a lower bound: another detector may tell the fakes better. On clean images it is mostly about storage.",
    ),
    Term(
        "not telling", "Not telling",
        "On this dataset the metric puts damaged or random images before real ones, or cannot tell them apart. It is never "
        "bold.",
    ),
    Term(
        "trained against", "‡ Trained against",
        "The entry's loss uses the network behind this number, which flatters it there: never bold, and not ranked by it.",
    ),
    Term(
        "trivially told", "§ Trivially told", "Statistics of single pixels alone tell these fakes.",
        misleads="Detectors with a high AUROC there may see no more than that.",
    ),
    Term(
        "reference", "Reference row",
        "What no training made, to compare with: real test images, noise, and what translators and upscalers were given.",
        misleads="Real test images are not at 0: there are few of them, and they are not the training images.",
    ),
    Term(
        "external", "External entry",
        "Images that somebody else made, scored by `gan-bench score`; nothing is known of their cost.",
    ),
    Term(
        "performance profile", "Performance profile",
        "The share of datasets in which an entry is at most so many times worse than the best one.",
        "0 to 1", HIGHER, "Dolan and Moré 2002", doi("10.1007/s101070100263"),
        "The best one is the best of those that take part, so a new entry can lower everybody's.",
    ),
)  # fmt: skip

COST_TERMS = (
    Term(
        "tflop", "TFLOP", "The floating-point operations of a training, in units of 10^12, counted and not timed.",
        "0 or more", NEITHER,
        misleads="Equal counts need not take equal times: small operations run slower.",
    ),
    Term(
        "kimg", "kimg", "Thousands of real images that the discriminator was shown.", "0 or more", NEITHER,
        misleads="A cheap network sees more of them in the same budget.",
    ),
    Term(
        "train_seconds", "Training (s)",
        "The time of the training itself, without scoring and checkpoints.",
        "0 or more", LOWER,
        misleads="It depends on the machine, and on what else ran there.",
    ),
    Term(
        "images_per_second", "Images/s", "Real images that the training took in a second.", "0 or more", HIGHER,
        misleads="It depends on the machine; compare entries of one machine only.",
    ),
    Term(
        "generator_parameters", "G parameters",
        "How many numbers the network holds that draws the images.",
        "0 or more", NEITHER,
        misleads="What a training costs follows from the operations, not from this: a layer may use a parameter many times.",
    ),
)  # fmt: skip

EXTRACTOR_TERMS = (
    Term(
        "lite0", "lite0",
        "EfficientNet-Lite0, trained on photographs of ImageNet; behind the @, the side in pixels that it sees.",
        paper="Tan and Le 2019 (EfficientNet)", link=arxiv("1905.11946"),
        misleads="It knows neither digits nor noise. On CIFAR-10 its regions of real images hold noise, so precision and "
        "density by it are not telling; its distances are.",
    ),
    Term(
        "inception", "Inception-v3",
        "The network behind FID, with TensorFlow's weights of 2015; images are enlarged to 299x299.",
        paper="Szegedy et al. 2015", link=arxiv("1512.00567"),
        misleads="It was trained on photographs of ImageNet; on digits it tells little.",
    ),
    Term(
        "mnist-cnn", "mnist-cnn", "A small classifier of MNIST's digits (99.71 % of the test images), shipped with gan-bench.",
        misleads="It knows ten digits and nothing else, so what is no digit gets some digit's features.",
    ),
    Term(
        "cifar10-resnet", "cifar10-resnet",
        "A residual classifier of CIFAR-10's classes (94.05 % of the test images), shipped with gan-bench.",
        misleads="Its answers are never sure, by its training, so inception scores by it are low. Precision by it cannot tell "
        "blurred from real photographs.",
    ),
    Term(
        "own-classifier", "own-classifier", "A small classifier that is trained once on the classes of somebody's images.",
        misleads="Another machine trains another one: compare numbers where its digests agree.",
    ),
    Term(
        "stacked-mnist-cnn", "stacked-mnist-cnn", "`mnist-cnn` on each of the three channels of Stacked MNIST.",
        misleads="A triple is right only if all three digits are, so it errs about three times as often as on one digit.",
    ),
    Term(
        "shapes-factors", "shapes-factors",
        "Reads shape, hue, size and place from procedural shapes by templates, without weights.",
        misleads="It sees through blur and noise, so numbers by it hardly punish them.",
    ),
    Term(
        "raw", "raw", "The pixels themselves, averaged down to 8x8; of points in the plane, their coordinates.",
        misleads="Averages of pixels hardly show blur and noise: most numbers of images by it are not telling.",
    ),
    Term("pixels", "pixels", "In the name of a column: the whole images are compared, without features."),
)  # fmt: skip
