"""The numbers that count classes and modes: what a generator leaves out, and whether it draws what was asked for."""

from __future__ import annotations

from gan_bench.leaderboard.glossary.term import HIGHER, LOWER, Term, arxiv

METZ = "Metz et al. 2017"
UNROLLED = arxiv("1611.02163")
PACGAN = "Lin et al. 2018", arxiv("1712.04086")
ANSWERS = "It counts a classifier's answers, and a classifier must give every image some class, however bad it is"

OF_CLASSES = (
    Term(
        "classes_covered", "Classes covered",
        "How many of the dataset's classes the fakes hold: a class counts when its share among them is a tenth of its share "
        "among the reals or more.",
        "0 to the number of classes", HIGHER, METZ, UNROLLED,
        f"{ANSWERS}: on CIFAR-10, noise covers as many classes as noisy photographs do.",
    ),
    Term(
        "class_kl", "Class KL",
        "How far the fakes' shares of the classes are from the reals' shares, in nats (Kullback-Leibler divergence).",
        "0 or more", LOWER, METZ, UNROLLED,
        f"{ANSWERS}. Fakes of the right shares may be of any quality.",
    ),
    Term(
        "smallest_class_share", "Smallest class share",
        "The share of the fakes that are of the class with the fewest. Of ten equally frequent classes, .1 is the best.",
        "0 to 1", HIGHER, METZ, UNROLLED,
        f"{ANSWERS}. A few wrong answers keep a class above 0 that is never drawn.",
    ),
    Term(
        "label_agreement", "Label agreement",
        "The share of fakes to which the dataset's classifier gives the class that was asked for.",
        "0 to 1", HIGHER, "Miyato and Koyama 2018", arxiv("1802.05637"),
        "Its upper end is the classifier's accuracy on reals, not 1. One good image of each class, repeated, reaches it.",
    ),
    Term(
        "intra_fd", "Intra-class FD",
        "The Frechet distance of each class by itself, between the fakes asked to be of it and its reals; the mean over "
        "classes.",
        "0 or more", LOWER, "Miyato and Koyama 2018", arxiv("1802.05637"),
        "Each class has few images, and few images raise a Frechet distance: compare equal counts, and never with FD.",
    ),
)  # fmt: skip

OF_MODES = (
    Term(
        "modes_covered", "Modes covered",
        "How many of a mixture's Gaussians have a sample of high quality nearest to them.",
        "0 to the number of modes", HIGHER, *PACGAN,
        "One good sample is enough: points scattered over the whole plane cover more modes than real points of half of the "
        "modes.",
    ),
    Term(
        "high_quality", "High quality",
        "The share of samples within three standard deviations of the nearest Gaussian of a mixture. Real points have .989.",
        "0 to 1", HIGHER, *PACGAN,
        "A generator that draws a single mode well has 1. Read it beside the modes covered.",
    ),
    Term(
        "reverse_kl", "Reverse KL",
        "How uneven the good samples are over the modes, in nats. 0: each mode is equally frequent.",
        "0 or more", LOWER, *PACGAN,
        "Bad samples do not count: points scattered over the plane can be more even than real points of half of the modes. "
        "Without a good sample there is no number.",
    ),
    Term(
        "modes", "Modes counted",
        "How many of the 1,000 triples of digits of Stacked MNIST the samples hold, by the dataset's classifier.",
        "0 to the number of classes", HIGHER, METZ, UNROLLED,
        "One sample is enough, so a wrong answer of the classifier counts as a mode, and more samples find more modes.",
    ),
    Term(
        "confident_modes", "Modes counted, sure answers only",
        "The same, of samples whose class the classifier gives a probability of .99 or more.",
        "0 to the number of classes", HIGHER, METZ, UNROLLED,
        "Papers differ in whether they ask for sure answers, so compare with the right one of the two.",
    ),
    Term(
        "mode_kl", "Mode KL",
        "How uneven the samples are over the 1,000 triples, in nats.",
        "0 or more", LOWER, METZ, UNROLLED,
        "Even a perfect model is above 0 with so few samples; the floor beside it tells by how much.",
    ),
    Term(
        "mode_kl_floor", "Floor of the mode KL",
        "About the mode KL that a perfect model has with as many samples.",
        "0 or more", LOWER,
        misleads="It depends on the number of samples alone, so it says nothing of a generator.",
    ),
)  # fmt: skip

CLASS_TERMS = (*OF_CLASSES, *OF_MODES)
