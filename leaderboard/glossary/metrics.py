"""The numbers that compare images with images: distance, fidelity, variety, memory, usefulness, distance to the truth."""

from __future__ import annotations

from gan_bench.leaderboard.glossary.term import HIGHER, LOWER, Term, arxiv, doi

FID = Term(
    "fid", "FID",
    "The Frechet distance in the features of Inception-v3, with the weights and the resizing that most papers use.",
    "0 or more", LOWER, "Heusel et al. 2017", arxiv("1706.08500"),
    "It is comparable only for equal numbers of fakes, the same reals and the same resizing, and papers differ in all three. "
    "Inception learned photographs, so on digits it means little.",
)  # fmt: skip

DISTANCES = (
    FID,
    Term(
        "fd", "Frechet distance (FD)",
        "A Gaussian is fitted to the features of the fakes and another to those of the reals; this is the squared distance of "
        "the two. 0: the same mean and the same covariance.",
        "0 or more", LOWER, "Heusel et al. 2017", arxiv("1706.08500"),
        "It is larger for fewer fakes, and by how much depends on the generator, so compare equal counts. Two sets with the "
        "same mean and covariance are the same to it, however different they look.",
    ),
    Term(
        "fd_infinity", "FD∞",
        "The Frechet distance that infinitely many fakes would have: a line through the distances of ten counts, carried on.",
        "any number", LOWER, "Chong and Forsyth 2020", arxiv("1911.07023"),
        "It is an extrapolation: it scatters more than FD and can fall below 0. What the number of reals adds to it stays.",
    ),
    Term(
        "kid", "Kernel distance (KID)",
        "How different fakes and reals are by a cubic kernel on their features (squared MMD), the mean over 100 subsets of "
        "1,000.",
        "any number", LOWER, "Binkowski et al. 2018", arxiv("1801.01401"),
        "Slightly below 0 means that no difference was seen, not that it is better than 0. In features that do not suit the "
        "images it errs: on procedural shapes, `lite0` puts noise before noisy shapes.",
    ),
    Term(
        "is", "Inception score (IS)",
        "High where a classifier is sure of the class of each fake and all classes are about as frequent.",
        "1 to the number of classes", HIGHER, "Salimans et al. 2016", arxiv("1606.03498"),
        "It never looks at a real image, and one good image of each class, repeated, would reach the top. Scores by two "
        "classifiers cannot be compared: by `cifar10-resnet`, real images have 3.6 of 10.",
    ),
)  # fmt: skip

FIDELITY = (
    Term(
        "precision", "Precision",
        "The share of fakes in the region of the reals: in a ball around some real that reaches to its third nearest real.",
        "0 to 1", HIGHER, "Kynkaanniemi et al. 2019", arxiv("1904.06991"),
        "Where reals lie far apart their balls are large, and take in what is no such image. On CIFAR-10 in `lite0`, noise has "
        ".77 and real test images .74, and blurred photographs are above real ones too. It says nothing of variety.",
    ),
    Term(
        "recall", "Recall",
        "The share of reals in the region of the fakes: in a ball around some fake that reaches to its third nearest fake.",
        "0 to 1", HIGHER, "Kynkaanniemi et al. 2019", arxiv("1904.06991"),
        "Fakes that lie far apart have large balls, which take in reals that no fake is like: in the plane, noise has as much "
        "as real points. It says nothing of quality.",
    ),
    Term(
        "density", "Density",
        "In how many balls of reals a fake lies, over 5, the mean over fakes. A ball reaches to the fifth nearest real; real "
        "images have about 1.",
        "0 or more", HIGHER, "Naeem et al. 2020", arxiv("2002.09797"),
        "It has no upper end: a generator that only draws what is common exceeds real images. On CIFAR-10 in `lite0`, noise "
        "has 5.0.",
    ),
    Term(
        "coverage", "Coverage",
        "The share of reals that have a fake near them: in the ball that reaches to their fifth nearest real.",
        "0 to 1", HIGHER, "Naeem et al. 2020", arxiv("2002.09797"),
        "The best value depends on the counts: .97 is expected where fakes and reals are equally many, and of CIFAR-10 "
        "5,000 test images against 10,000 have .87. One fake in each ball is enough.",
    ),
    Term(
        "vendi", "Vendi score",
        "To how many entirely different images the fakes amount, by the similarities of their features.",
        "1 to the number of fakes", HIGHER, "Friedman and Dieng 2022", arxiv("2210.02410"),
        "It never looks at a real image, and damage can add variety: on MNIST in `lite0`, blurred digits score above real "
        "ones.",
    ),
    Term(
        "ndb", "Different bins (NDB)",
        "The reals are cut into 100 clusters; this is the share of clusters that the fakes fill to another degree than the "
        "reals, by a test at 5 %. A perfect generator has about .05.",
        "0 to 1", LOWER, "Richardson and Weiss 2018", arxiv("1805.12462"),
        "The more fakes, the smaller the differences that count, so compare equal counts.",
    ),
    Term(
        "jsd", "Divergence of the bins (JSD)",
        "How different the shares of the same 100 clusters are among fakes and reals, in bits (Jensen-Shannon divergence).",
        "0 to 1", LOWER, "Richardson and Weiss 2018", arxiv("1805.12462"),
        "Few fakes differ from the reals by chance, so that no set has 0; compare equal counts.",
    ),
)  # fmt: skip

MEMORY = (
    Term(
        "auth_pct", "AuthPct",
        "The percentage of fakes that are no copies: a copy is closer to its nearest training image than that image is to any "
        "other. Copies of training images give 0.",
        "0 to 100", HIGHER, "Alaa et al. 2022", arxiv("2102.08921"),
        "Whatever lies far from all training images passes for authentic, blur and noise too. Read it beside precision.",
    ),
    Term(
        "c_t", "C_T",
        "Whether fakes are nearer to training images than unseen test images are, as a z-score. Far below 0: copying.",
        "any number", HIGHER, "Meehan et al. 2020", arxiv("2004.05675"),
        "Higher is better only up to about 0, where fakes are as far away as unseen real images. Far above 0 they are merely "
        "far from everything, as noise is.",
    ),
)  # fmt: skip

USE_AND_TRUTH = (
    Term(
        "cas", "Classification accuracy score (CAS)",
        "The accuracy on real test images of a small classifier that was trained on fakes alone, with the classes they were "
        "asked to be of.",
        "0 to 1", HIGHER, "Ravuri and Vinyals 2019", arxiv("1905.10887"),
        "It depends on the classifier, which is smaller here than the paper's: read the share beside it.",
    ),
    Term(
        "cas_share", "CAS as a share",
        "CAS over the accuracy of the same classifier trained on as many real images. Near 1: the fakes teach as much as "
        "reals.",
        "0 or more", HIGHER, "Ravuri and Vinyals 2019", arxiv("1905.10887"),
        "It asks what fakes teach, not how they look: odd images of the right classes may teach well.",
    ),
    Term(
        "l1", "L1 to the truth",
        "The mean difference of an image's levels from those of the image that it should have become.",
        "0 to 255", LOWER,
        misleads="Where several results would be right, a blurred mean of them has the smallest error, and looks worst.",
    ),
    Term(
        "psnr", "PSNR",
        "How small the squared error against the truth is, in decibels, on all channels and without cropping. A perfect image "
        "counts 58.9.",
        "0 or more", HIGHER,
        misleads="Blur is rewarded as for L1. Papers on upscaling often report brightness alone, with the border cut off, "
        "which gives other numbers.",
    ),
    Term(
        "ssim", "SSIM",
        "How alike an image and its truth are in brightness, contrast and structure within windows of 11x11 pixels.",
        "-1 to 1", HIGHER, "Wang et al. 2004", doi("10.1109/TIP.2003.819861"),
        "Blur is still rewarded where details are not known. On flat areas, small noise costs much.",
    ),
    Term(
        "cycle_l1", "Cycle error",
        "The mean difference between an image and what comes back when its translation is translated back, in levels.",
        "0 to 255", LOWER, "Zhu et al. 2017", arxiv("1703.10593"),
        "A translator that changes nothing, or hides its input in the image, has hardly any. Read it beside the distance.",
    ),
)  # fmt: skip

METRIC_TERMS = (*DISTANCES, *FIDELITY, *MEMORY, *USE_AND_TRUTH)
