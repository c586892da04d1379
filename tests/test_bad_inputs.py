"""What nobody means: options with wrong types, names and ranges, empty and hostile texts, and wrong files, for every command.

Each ends with exit 2 and one line on stderr that names what is wrong, and nothing on stdout.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_bench.budget import Budget
from gan_bench.cell import run_cell
from gan_bench.records import Plan, write_record
from tests.boards import cell, metric
from tests.conftest import CPU
from tests.factories import SUITE, cell_spec

LONGEST = 200  # characters before the hint, which begins at the first "; " or ". "
HUGE = "9" * 5000

# One line for each case: the command, "=>" and a part of what it must say. {p} is the folder of wrong files.
CASES = r"""
gan => No such command 'gan'
rum => Did you mean 'run'?
--verzion => --verzion
"" => ''

run => --suite
run --suite => --suite
run --suite "" => --suite is empty
run --suite " " => --suite is empty
run --suite , => --suite ',' names nothing
run --suite mnits => 'mnits'; did you mean 'mnist'?
run --suite shapes,mnits => mnits
run --suite shapes,./shapes.toml => shapes.toml
run --suite shapes,../../../etc/passwd => ../../../etc/passwd
run --suite shapes extra => extra
run --suite shapes --sedes 2 => --sedes
run --suite shapes --json=1 => --json
run --suite shapes --dry-run=yes => --dry-run
run --suite folder: => folder:
run --suite folder:{p}/absent => absent
run --suite folder:{p}/empty => empty
run --suite folder:{p}/text.npz => text.npz
run --suite folder:{p}/pictures --side 33 => --side 33
run --suite shapes --side 32 => --side
run --suite shapes --side 0 => --side must be a whole number
run --suite shapes --side -32 => --side
run --suite shapes --side big => --side must be a whole number from 1 to 4,096, not 'big'.
run --suite {p}/pictures => folder:
run --suite {p}/absent.toml => absent.toml
run --suite {p}/empty.toml => empty.toml
run --suite {p}/no-toml.toml => no-toml.toml
run --suite {p}/binary.toml => binary.toml
run --suite {p}/folder.toml => folder.toml
run --suite {p}/extra-key.toml => unknown attribute 'metric'; did you mean 'metrics'?
run --suite {p}/no-datasets.toml => datasets
run --suite {p}/empty-list.toml => variants
run --suite {p}/wrong-type.toml => metrics
run --suite {p}/bad-dataset.toml => 'shpaes'; did you mean 'shapes'?
run --suite {p}/bad-variant.toml => 'dcgna'; did you mean 'dcgan'?
run --suite {p}/bad-metric.toml => 'fid'
run --suite {p}/bad-detector.toml => 'spectrun'
run --suite {p}/bad-extractor.toml => 'lite'
run --suite {p}/bad-headline.toml => headline
run --suite {p}/bad-count.toml => n_fake
run --suite {p}/own-absent.toml => no.py
run --suite {p}/absent-folder.toml => nowhere
run --suite modes --variants dcgan => 'dcgan' draws images
run --suite modes --detectors spectrum => 'ring8' holds points
run --suite shapes --variants dcgna => did you mean 'dcgan'?
run --suite shapes --variants "" => --variants is empty
run --suite shapes --variants ,, => --variants ',,' names nothing
run --suite shapes --variants dcgan: => dcgan:
run --suite shapes --variants DCGAN => 'DCGAN'
run --suite shapes --variants {p}/absent.py => absent.py
run --suite shapes --variants {p}/nothing.py => nothing.py holds no variant
run --suite shapes --variants {p}/syntax.py => syntax.py:1: SyntaxError
run --suite shapes --variants {p}/crash.py => crash.py:1
run --suite shapes --variants {p}/binary.py => binary.py
run --suite shapes --variants {p}/good.py:Other => Other
run --suite shapes --variants {p}/taken.py => has the name of another variant
run --suite shapes --variants {p}/small.py => (3, 8, 8)
run --suite shapes --variants {p}/wrong-lr.py => lr
run --suite shapes --variants {p}/range.py => range-gan.beta1 must be a number, 0 or more and below 1, not 3.0.
run --suite shapes --variants {p}/tuple.py => tuple-gan.betas must be a number, a text, True or False, not a tuple.
run --suite shapes --variants {p}/refusing.py => ValueError: odd
run --suite shapes --variants {p}/good.py --set good.batch_size=0 => good.batch_size must be a whole number, 1 to 8,192
run --suite shapes --variants {p}/good.py --set good.lr=nan => good.lr
run --suite shapes --variants {p}/own-range.py --set own-range.sharpness=2 => own-range.sharpness must be a number, 0 to 1
run --suite shapes --variants {p}/own-range.py --set own-range.batch_size=0 => own-range.batch_size
run --suite shapes --variants {p}/own-range.py --set own-range.free=inf => own-range.free must be a number, not inf.
run --suite modes --variants {p}/only-images.py => only-images
run --suite shapes --budget "" => --budget is empty
run --suite shapes --budget quik => did you mean 'quick'?
run --suite shapes --budget 0.5steps => '0.5steps': steps are whole numbers
run --suite shapes --budget 1.5steps => steps are whole numbers
run --suite shapes --budget 0steps => above 0
run --suite shapes --budget 0s => above 0
run --suite shapes --budget 0.0tflop => above 0
run --suite shapes --budget -1s => -1s
run --suite shapes --budget nans => nans
run --suite shapes --budget inftflop => inftflop
run --suite shapes --budget nan => nan
run --suite shapes --budget 1e3s => 1e3s
run --suite shapes --budget 60 => 60
run --suite shapes --budget 60sec => 60sec
run --suite shapes --budget 8tflop,9tflop => limits tflop twice
run --suite shapes --budget 60s,1m => limits seconds twice
run --suite shapes --budget 8tflop, => 8tflop,
run --suite shapes --budget quick,smoke => quick,smoke
run --suite shapes --budget 99999999999999h => 31,622,400
run --suite shapes --budget 9999999999999steps => 1,000,000,000
run --suite shapes --budget {huge}steps => 99999
run --suite shapes --budget ٣s => ٣s
run --suite shapes --budget "8 tflop" => 8 tflop
run --suite shapes --seeds 0 => --seeds must be a whole number from 1 to 10,000, not '0'.
run --suite shapes --seeds -1 => --seeds
run --suite shapes --seeds two => 'two'
run --suite shapes --seeds 1.5 => '1.5'
run --suite shapes --seeds 1000000000 => '1000000000'
run --suite shapes --seeds {huge} => --seeds
run --suite shapes --seeds 9000 => 54,000 trainings
run --suite shapes --seeds "" => --seeds is empty
run --suite shapes --first-seed -1 => --first-seed
run --suite shapes --first-seed 1e20 => '1e20'
run --suite shapes --first-seed 99999999999999999999 => --first-seed
run --suite shapes --jobs 0 => --jobs
run --suite shapes --jobs many => 'many'
run --suite shapes --jobs 10000 => --jobs
run --suite shapes --jobs 4096 => --jobs 4096 is not between 1 and
run --suite shapes --extractors lite => did you mean 'lite0'?
run --suite shapes --extractors , => --extractors ',' names nothing
run --suite shapes --device cpu --extractors inception --strict => --strict: extractor 'inception' is not available
run --suite shapes --metrics fid => did you mean 'fd'?
run --suite shapes --metrics "" => --metrics is empty
run --suite shapes --metrics " , " => names nothing
run --suite shapes --detectors spectrun => did you mean 'spectrum'?
run --suite shapes --detectors , => --detectors ',' names nothing
run --suite shapes --detectors none,spectrum => 'none'
run --suite shapes --detectors timm: => lacks what belongs behind the colon, as in timm:
run --suite shapes --detectors timm:nope => 'nope'
run --suite shapes --detectors timm:resnet18.nope => resnet18.nope
run --suite shapes --detectors timm-tune:nope => 'nope'
run --suite shapes --detectors spectrum:1 => 'spectrum:1'
run --suite shapes --detectors spectrum+agu => spectrum+agu
run --suite shapes --detectors ensemble => ensemble
run --suite shapes --detectors none --attacks => --attacks
run --suite shapes --set dcgan.lr => 'dcgan.lr' is not of the form
run --suite shapes --set lr=1 => 'lr=1' is not of the form
run --suite shapes --set "" => --set is empty
run --suite shapes --set = => '='
run --suite shapes --set .= => ''
run --suite shapes --set dcgan.rl=1 => did you mean 'lr'?
run --suite shapes --set dcgna.lr=1 => did you mean 'dcgan'?
run --suite shapes --set dcgan.lr= => dcgan.lr
run --suite shapes --set dcgan.lr=fast => 'fast'
run --suite shapes --set dcgan.lr=1e-3, => dcgan.lr
run --suite shapes --set dcgan.lr='"1' => dcgan.lr cannot be '"1'
run --suite shapes --set dcgan.lr={huge} => dcgan.lr
run --suite shapes --set dcgan.batch_size={huge} => dcgan.batch_size
run --suite shapes --set dcgan.lr=1e-3 --set dcgan.lr=1e-4 => changes dcgan.lr twice
run --suite shapes --set wgan.long_turns=1 => wgan.long_turns is true or false, not '1'
run --suite shapes --variants dcgan --set vanilla.lr=1e-3 => --set changes vanilla
run --suite shapes --variants dcgan --set dcgan.lr=-1 => dcgan.lr must be a number, above 0 and at most 1, not -1.0.
run --suite shapes --variants dcgan --set dcgan.lr=1e-3,-1 => not -1.0
run --suite shapes --variants dcgan --set dcgan.lr=0 => dcgan.lr
run --suite shapes --variants dcgan --set dcgan.lr=nan => dcgan.lr
run --suite shapes --variants dcgan --set dcgan.lr=inf => dcgan.lr
run --suite shapes --variants dcgan --set dcgan.lr=-inf => dcgan.lr
run --suite shapes --variants dcgan --set dcgan.batch_size=0 => dcgan.batch_size
run --suite shapes --variants dcgan --set dcgan.batch_size=1.5 => '1.5'
run --suite shapes --variants dcgan --set dcgan.width=0 => dcgan.width
run --suite shapes --variants dcgan --set dcgan.width=1000000 => dcgan.width
run --suite shapes --variants dcgan --set dcgan.z_dim=-5 => dcgan.z_dim
run --suite shapes --variants dcgan --set dcgan.beta1=2 => dcgan.beta1
run --suite shapes --variants dcgan --set dcgan.beta2=1 => dcgan.beta2
run --suite shapes --variants dcgan --set dcgan.ema=1 => dcgan.ema
run --suite shapes --variants dcgan --set dcgan.decay=1.1 => dcgan.decay
run --suite shapes --variants dcgan --set dcgan.d_lr_ratio=0 => dcgan.d_lr_ratio
run --suite shapes --variants dcgan --set dcgan.label_smoothing=7 => dcgan.label_smoothing must be a number, 0 to 0.5
run --suite shapes --variants dcgan --set dcgan.instance_noise=-1 => dcgan.instance_noise
run --suite shapes --variants dcgan --set dcgan.minibatch=sdt => unknown dcgan.minibatch 'sdt'; did you mean 'std'?
run --suite shapes --variants wgan --set wgan.clip=0 => wgan.clip
run --suite shapes --variants wgan --set wgan.n_critic=0 => wgan.n_critic
run --suite shapes --variants wgan-gp --set wgan-gp.gp_weight=-1 => wgan-gp.gp_weight
run --suite shapes --variants cyclegan --set cyclegan.pool=0 => cyclegan.pool
run --suite shapes --variants cyclegan --set cyclegan.pool=3 => pool must be at least the batch_size, 4, not 3
run --suite shapes --variants cyclegan --set cyclegan.width_divisor=64 => width_divisor must be at most the width, 32
run --suite shapes --variants cyclegan --set cyclegan.n_blocks=-1 => cyclegan.n_blocks
run --suite shapes --variants cyclegan --set cyclegan.residual=maybe => 'maybe'
run --suite shapes --variants srgan --set srgan.content=vgg => did you mean 'vgg19'?
run --suite shapes --variants srgan --set srgan.content=vgg19 => srgan.content=vgg19 needs torchvision's VGG19 weights
run --suite shapes --variants srgan --set srgan.pixel_steps=-1 => srgan.pixel_steps
run --suite shapes --variants srgan --set srgan.d_width_divisor=0 => srgan.d_width_divisor
run --suite modes --variants vanilla --set vanilla.batch_size=1 => batch_size must be 2 or more for points
run --suite shapes --device gpu => 'gpu'
run --suite shapes --device cuda:99 => 'cuda:99'
run --suite shapes --device cuda:-1 => 'cuda:-1'
run --suite shapes --device cpu:1 => 'cpu:1'
run --suite shapes --device cpu: => 'cpu:'
run --suite shapes --device cpu:² => 'cpu:²'
run --suite shapes --device auto:0 => 'auto:0'
run --suite shapes --device "" => --device is empty
run --suite shapes --log tensorbord => did you mean 'tensorboard'?
run --suite shapes --log "" => --log is empty
run --suite shapes --out "" => --out is empty
run --suite shapes --budget 1steps --out {p}/text.txt => text.txt
run --suite shapes --budget 1steps --out {p}/text.txt/below => text.txt

score => --dataset
score --dataset shapes => --generator
score "" --dataset shapes => PATH is empty
score {p}/absent --dataset shapes => absent
score {p}/empty --dataset shapes => empty
score {p}/text.txt --dataset shapes => text.txt
score {p}/text.npz --dataset shapes => text.npz
score {p}/empty.npz --dataset shapes => empty.npz
score {p}/empty.npy --dataset shapes => empty.npy
score {p}/cut.npz --dataset shapes => cut.npz
score {p}/no-arrays.npz --dataset shapes => no-arrays.npz
score {p}/scalar.npy --dataset shapes => scalar.npy
score {p}/strings.npy --dataset shapes => strings.npy
score {p}/objects.npy --dataset shapes => objects.npy
score {p}/none.npy --dataset shapes => none.npy
score {p}/flat.npy --dataset shapes => flat.npy
score {p}/nan.npy --dataset shapes --value-range=0,1 => nan.npy
score {p}/negative.npy --dataset shapes => negative.npy
score {p}/text.pt --dataset shapes => text.pt
score {p}/pickled.pt --dataset shapes => pickled.pt
score {p}/broken-picture --dataset shapes => 1.png
score {p}/pictures --dataset shpaes => did you mean 'shapes'?
score {p}/pictures --dataset "" => --dataset is empty
score {p}/pictures --dataset folder: => folder:
score {p}/pictures --dataset folder:{p}/absent => absent
score {p}/pictures --dataset ring8 => points are expected
score {p}/pictures --dataset shapes --extractors lite => 'lite'
score {p}/pictures --dataset shapes --extractors "" => --extractors is empty
score {p}/pictures --dataset shapes --metrics , => --metrics
score {p}/pictures --dataset shapes --metrics fid => 'fid'
score {p}/pictures --dataset shapes --samples 0 => --samples
score {p}/pictures --dataset shapes -n 1000000000000 => --samples
score {p}/pictures --dataset shapes -n x => 'x'
score {p}/pictures --dataset shapes -n 5000 => 5,000
score {p}/pictures --dataset shapes --budget fast => 'fast'
score {p}/pictures --dataset shapes --value-range 0 => --value-range
score {p}/pictures --dataset shapes --value-range=1,0 => --value-range
score {p}/pictures --dataset shapes --value-range=-inf,inf => --value-range
score {p}/pictures --dataset shapes --value-range=nan,1 => --value-range
score {p}/pictures --dataset shapes --value-range=a,b => --value-range
score {p}/pictures --dataset shapes --seeds 2 => --seeds
score {p}/pictures --dataset shapes --latent 8 => --latent
score {p}/pictures --dataset shapes --name x => --name and --run belong together
score {p}/pictures --dataset shapes --name "" --run {p}/new => --name is empty
score {p}/pictures --dataset shapes --name x --run "" => --run is empty
score {p}/pictures --dataset shapes --fail-if "" => --fail-if is empty
score {p}/pictures --dataset shapes --fail-if "fd < > 3" => fd < > 3
score {p}/pictures --dataset shapes --fail-if "fd > many" => fd > many
score {p}/pictures --dataset shapes --device tpu => 'tpu'
score {p}/pictures --generator {p}/draw.py:draw --dataset shapes => either images or --generator
score --generator {p}/absent.py:draw --dataset shapes => absent.py
score --generator {p}/draw.py --dataset shapes => draw.py
score --generator {p}/draw.py:nothing --dataset shapes => nothing
score --generator {p}/draw.py:draw --latent 8 --dataset shapes => --latent
score --generator {p}/draw.py:draw --latent 0 --dataset shapes => --latent '0'
score --generator {p}/draw.py:draw --latent 8,² --dataset shapes => --latent
score --generator {p}/draw.py:draw --seeds 0 --dataset shapes => --seeds
score --generator {p}/draw.py:crash --dataset shapes => crash
score --generator {p}/syntax.py:draw --dataset shapes => syntax.py

detect => Missing argument
detect {p}/pictures => --run
detect {p}/pictures --run "" => --run is empty
detect {p}/pictures --run {p}/absent => absent
detect {p}/pictures --run {p}/text.txt => text.txt
detect {p}/pictures --run {p}/empty => empty
detect {p}/pictures --run {p}/run => run
detect {p}/absent --run {p}/run => absent
detect {p}/pictures --run {p}/run --tier wbe => did you mean 'web'?
detect {p}/pictures --run {p}/run --tier "" => --tier is empty
detect {p}/pictures --run {p}/run --seed x => 'x'
detect {p}/pictures --run {p}/run --seed -1 => --seed
detect {p}/pictures --run {p}/run --json --csv => --json and --csv
detect {p}/pictures --run {p}/run --value-range 1 => --value-range
detect {p}/pictures --run {p}/run --device x => 'x'

compare => Missing argument
compare {p}/run => Missing argument
compare {p}/run {p}/absent => absent
compare {p}/run "" => NEW is empty
compare {p}/run:nobody {p}/run => nobody
compare {p}/run {p}/empty --dataset cifar10 => empty
compare {p}/run {p}/run --dataset mnist => mnist
compare {p}/pictures {p}/pictures => --dataset
compare {p}/pictures {p}/pictures --dataset shpaes => shpaes
compare {p}/run {p}/run --budget x => 'x'
compare {p}/pictures {p}/pictures --dataset shapes --samples 1 => --samples
compare {p}/pictures {p}/pictures --dataset shapes --budget x => 'x'

baseline => --out
baseline {p}/run => --out
baseline -o "" {p}/run => --out is empty
baseline -o {p}/new.json => --generator
baseline -o {p}/new.json {p}/absent => absent
baseline -o {p}/new.json {p}/empty --dataset shapes => empty
baseline -o {p}/new.json {p}/run --metric fdd => fdd
baseline -o {p}/new.json {p}/run --metric "" => --metric is empty
baseline -o {p}/new.json {p}/run --detect x => --detect
baseline -o {p}/new.json {p}/run --detect -5% => --detect
baseline -o {p}/new.json {p}/run --detect nan% => --detect
baseline -o {p}/new.json {p}/run --seeds 0 => --seeds
baseline -o {p}/new.json {p}/run --dataset mnist => mnist
baseline -o {p}/new.json {p}/pictures => --dataset
baseline -o {p}/new.json {p}/pictures --dataset x => 'x'
baseline -o {p}/text.txt/new.json {p}/run => text.txt
baseline -o {p}/empty {p}/run => empty

check {p}/run => --baseline
check {p}/run --baseline "" => --baseline is empty
check {p}/run --baseline {p}/absent.json => absent.json
check {p}/run --baseline {p}/empty => empty
check {p}/run --baseline {p}/text.txt => text.txt
check {p}/run --baseline {p}/list.json => list.json
check {p}/run --baseline {p}/binary.json => binary.json
check {p}/run --baseline {p}/edited.json => edited.json
check --baseline {p}/baseline.json => --generator
check {p}/absent --baseline {p}/baseline.json => absent
check {p}/run --baseline {p}/baseline.json --min-effect x => --min-effect
check {p}/run --baseline {p}/baseline.json --min-effect inf% => --min-effect
check {p}/run --baseline {p}/baseline.json --detect 0% => --detect
check {p}/run --baseline {p}/baseline.json --seeds x => --seeds
check {p}/run --baseline {p}/baseline.json --dataset shapes => shapes

leaderboard => Missing argument
leaderboard "" => RUNS is empty
leaderboard {p}/absent => absent
leaderboard {p}/text.txt => text.txt
leaderboard {p}/empty => empty
leaderboard {p}/run {p}/run2 => --out
leaderboard {p}/run --out "" => --out is empty
leaderboard {p}/run --out {p}/text.txt => text.txt
leaderboard {p}/run --out {p}/text.txt/below => text.txt

verify => Missing argument
verify "" => RUN is empty
verify {p}/absent => absent
verify {p}/empty => empty
verify {p}/text.txt => text.txt
verify {p}/run --retrain nowhere => nowhere
verify {p}/run --retrain "" => --retrain is empty
verify {p}/run --device x => 'x'

list => Missing argument
list "" => WHAT is empty
list variant => did you mean 'variants'?
list ../variants => '../variants'
list variants extra => extra

show => Missing argument
show "" => NAME is empty
show dcgna => did you mean 'dcgan'
show {huge} => 9999
show dcgan --budget 0.5steps => steps
show dcgan --budget "" => --budget is empty

new => Missing argument
new variant => Missing argument
new varaint x => did you mean 'variant'?
new variant "" => NAME is empty
new variant dcgan => dcgan
new variant ../x => '../x'
new variant class => 'class'
new variant json => json
new variant {huge} => NAME '9999
new variant a-b => a_b

data fetch mist => did you mean 'mnist'?
data verify mist => did you mean 'mnist'?
data verify folder: => folder:
data verify "" => NAMES is empty
data frob => frob

cache frob => No such command
cache size --json yes => Got unexpected extra argument
cache size --kind => No such option: --kind
cache verify features => Got unexpected extra argument
cache verify --fix => No such option: --fix
cache clear feature => did you mean 'features'?
cache clear features "" => KINDS is empty
cache clear ../.. => unknown kind of the cache
cache clear features --force => No such option: --force

sample => Missing argument
sample "" => CELL is empty
sample {p}/absent => absent
sample {p}/empty => empty
sample {p}/text.txt => text.txt
sample {p}/run/cells/cifar10/dcgan/seed-0 => seed-0
sample {p}/cell -n 0 => -n
sample {p}/cell -n x => 'x'
sample {p}/cell -n 1000000000000 => -n
sample {p}/cell --start -1 => --start
sample {p}/cell --start 1e20 => '1e20'
sample {p}/cell --start 99999999999999999999 => --start
sample {p}/cell --label 1 => --label
sample {p}/cell --out "" => --out is empty
sample {p}/cell -n 1 --out {p}/text.txt/a.png => text.txt
sample {p}/cell -n 1 --out {p}/text.txt => text.txt
sample {p}/cell --device x => 'x'

doctor extra => extra
doctor --josn => --josn
demo extra => extra
demo --budget 60s => --budget
"""
HOSTILE = [
    (("run", "--suite", "a\nb"), r"a\nb"),
    (("run", "--suite", "shapes", "--variants", "\x1b[31mred"), r"\x1b[31mred"),
    (("run", "--suite", "shapes", "--set", "dcgan.lr=1\n2"), "dcgan.lr"),
    (("run", "--suite", "shapes", "--set", "dcgan.\u202eminibatch=x"), "setting of dcgan"),
    (("run", "--suite", "shapes", "--budget", "60s\x00"), r"60s\x00"),
    (("run", "--suite", "x" * 5000), "xxx"),
    (("run", "--suite", "x" * 5000 + ".toml"), "xxx"),
    (("run", "--suite", "folder:" + "x" * 5000), "xxx"),
    (("run", "--suite", "shapes", "--budget", "1steps", "--out", "x" * 5000), "xxx"),
    (("run", "--suite", "shapes", "--variants", "x" * 5000 + ".py"), "xxx"),
    (("run", "--suite", "\udcff"), r"\udcff"),
    (("score", "a\nb", "--dataset", "shapes"), r"a\nb"),
    (("score", "x" * 5000, "--dataset", "shapes"), "xxx"),
    (("score", "\x1b]0;title\x07", "--dataset", "shapes"), r"\x1b]0;title\x07"),
    (("detect", "a", "--run", "x" * 5000), "--run"),
    (("leaderboard", "a\nb"), r"a\nb"),
    (("leaderboard", "x" * 5000), "xxx"),
    (("verify", "x" * 5000), "xxx"),
    (("check", "a", "--baseline", "x" * 5000), "xxx"),
    (("compare", "x" * 5000, "x"), "xxx"),
    (("sample", "x" * 5000), "xxx"),
    (("show", "\x1b[2J"), r"\x1b[2J"),
    (("new", "variant", "a\nb"), r"a\nb"),
    (("data", "verify", "\x1b[2J"), r"\x1b[2J"),
]

PLAIN = """
from torch import nn

class Good:
    batch_size = 4

    def generator(self, image_shape, z_dim):
        c, h, w = image_shape
        return nn.Sequential(nn.Linear(z_dim, c * h * w), nn.Tanh(), nn.Unflatten(1, image_shape))

    def discriminator(self, image_shape):
        c, h, w = image_shape
        return nn.Sequential(nn.Flatten(), nn.Linear(c * h * w, 1))

    def d_loss(self, real_logits, fake_logits):
        return fake_logits.mean() - real_logits.mean()

    def g_loss(self, fake_logits):
        return -fake_logits.mean()
"""
OWN = """
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from gan_bench.generators.dcgan import DCGAN, DCGANSettings


@dataclass(frozen=True)
class OwnSettings(DCGANSettings):
    {fields}


class Own(DCGAN):
    name = {name!r}
    settings_type = OwnSettings
    for_points = None
"""


def own(name: str, fields: str) -> str:
    """A user's file: DCGAN with other settings."""
    return OWN.format(name=name, fields=fields)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A folder with a wrong file of each kind, and a few right ones to give wrong options to."""
    place = tmp_path_factory.mktemp("wrong")
    put_code(place)
    put_suites(place)
    put_arrays(place)
    put_runs(place)

    (place / "text.txt").write_text("no image")
    (place / "empty").mkdir()
    for folder in ("pictures", "broken-picture"):
        (place / folder).mkdir()
        for i in range(3):
            Image.fromarray(np.full((32, 32, 3), 40 * i, np.uint8)).save(place / folder / f"{i}.png")
    (place / "broken-picture" / "1.png").write_bytes((place / "pictures" / "1.png").read_bytes()[:60])
    return place


def put_code(place: Path) -> None:
    """Users' Python files."""
    texts = {
        "good": PLAIN, "taken": PLAIN.replace("batch_size = 4", "name = 'dcgan'"), "nothing": "x = 1", "syntax": "def (",
        "crash": "1 / 0", "small": PLAIN.replace("c, h, w = image_shape", "c, h, w = image_shape = (3, 8, 8)", 1),
        "wrong-lr": PLAIN.replace("batch_size = 4", "lr = 'fast'"), "range": own("range-gan", "beta1: float = 3.0"),
        "tuple": own("tuple-gan", "betas: tuple = (0.5, 0.9)"), "only-images": own("only-images", "pass"),
        "refusing": own("refusing-gan", "even: int = 1\n\n    def __post_init__(self):\n        raise ValueError('odd')"),
        "own-range": own("own-range", "sharpness: Annotated[float, Field(ge=0, le=1)] = 0.5\n    free: float = 1.0"),
        "draw": "def draw(n, seed):\n    return None\n\ndef crash(n, seed):\n    return 1 / 0",
    }  # fmt: skip
    for name, text in texts.items():
        (place / f"{name}.py").write_text(text)
    (place / "binary.py").write_bytes(b"\xff\xfe\x00")


def put_suites(place: Path) -> None:
    """Users' suite files."""
    changes = {
        "no-toml": ("title", "[["), "extra-key": ("metrics", "metric"), "no-datasets": ('datasets = ["shapes"]', ""),
        "empty-list": ('["dcgan"]', "[]"), "wrong-type": ('["fd"]', "3"), "bad-dataset": ("shapes", "shpaes"),
        "bad-variant": ("dcgan", "dcgna"), "bad-metric": ('"fd"', '"fid"'), "bad-detector": ("[]", '["spectrun"]'),
        "bad-extractor": ('["raw"]', '["lite"]'), "bad-headline": ("fd_raw", "kid_raw"),
        "bad-count": ("title", "n_fake = 0\ntitle"),
        "own-absent": ('"dcgan"', '"no.py"'), "absent-folder": ('"shapes"', '"folder:nowhere"'),
    }  # fmt: skip
    for name, (old, new) in changes.items():
        (place / f"{name}.toml").write_text(SUITE.replace(old, new))
    (place / "empty.toml").write_text("")
    (place / "binary.toml").write_bytes(b"\xff\xfe\x00")
    (place / "folder.toml").mkdir()


def put_arrays(place: Path) -> None:
    """Files that could hold images."""
    for name in ("text.npz", "text.pt"):
        (place / name).write_text("no array")
    for name in ("empty.npz", "empty.npy"):
        (place / name).write_bytes(b"")
    with zipfile.ZipFile(place / "no-arrays.npz", "w") as archive:
        archive.writestr("readme.txt", "nothing here")

    arrays = {
        "scalar": np.uint8(3), "strings": np.array(["a", "b"]), "objects": np.array([{}], object),
        "flat": np.zeros(12, np.uint8), "none": np.zeros((0, 3, 32, 32), np.uint8),
        "nan": np.full((4, 3, 32, 32), np.nan, np.float32),
        "negative": np.full((4, 3, 32, 32), -300, np.int64),
    }  # fmt: skip
    for name, array in arrays.items():
        np.save(place / f"{name}.npy", array)
    np.savez(place / "whole.npz", images=np.zeros((4, 3, 32, 32), np.uint8))
    (place / "cut.npz").write_bytes((place / "whole.npz").read_bytes()[:500])
    (place / "pickled.pt").write_bytes(pickle.dumps(os.getcwd))


def put_runs(place: Path) -> None:
    """Run folders with records alone, a baseline of one, and a trained cell."""
    for run in ("run", "run2"):
        specs = []
        for seed in (0, 1):
            record = cell("dcgan", metric(10.0 + seed), seed=seed, samples_digest=f"{run}{seed}").record
            write_record(place / run / f"cells/cifar10/dcgan/seed-{seed}/record.json", record)
            specs.append(record.spec)
        write_record(place / run / "plan.json", Plan(cells=tuple(specs), references=(), judges=(), device="cpu"))
    run_cell(cell_spec(budget=Budget(steps=1), n_fake=4, n_real=50), place / "cell", CPU)
    (place / "list.json").write_text("[]")
    (place / "binary.json").write_bytes(b"\xff\xfe\x00")


@pytest.fixture(scope="module")
def baseline(wrong: Path) -> None:
    """A right baseline, and one that was edited."""
    from gan_bench.gate.baseline import make_baseline, write_baseline
    from gan_bench.gate.sources import of_run

    write_baseline(make_baseline(of_run(wrong / "run")), wrong / "baseline.json")
    data = json.loads((wrong / "baseline.json").read_text())
    (wrong / "edited.json").write_text(json.dumps(data | {"created": "never"}))


def listed() -> list[tuple[str, tuple[str, ...], str]]:
    """All cases: how a case is called, the arguments, and what must be said."""
    found = []
    for line in filter(None, CASES.splitlines()):
        text, _, said = line.rpartition(" => ")
        found.append((text, tuple(shlex.split(text)), said))
    return found + [(f"hostile {i} {case[0][0]}", *case) for i, case in enumerate(HOSTILE)]


def test_there_are_enough_cases_over_all_commands(cli):
    names = {arguments[0] for _, arguments, _ in listed()}
    commands = re.findall(r"^│ (\w+) ", cli("--help").stdout, re.MULTILINE)
    assert len(listed()) >= 180 and set(commands) <= names and "run" in commands


@pytest.mark.usefixtures("baseline")
@pytest.mark.parametrize(("arguments", "said"), [pytest.param(a, s, id=name[:70]) for name, a, s in listed()])
def test_a_bad_input_is_one_sentence(cli, wrong: Path, tmp_path: Path, monkeypatch, arguments: tuple[str, ...], said: str):
    monkeypatch.chdir(tmp_path)
    given = [argument.replace("{p}", str(wrong)).replace("{huge}", HUGE) for argument in arguments]
    dry = ["--dry-run"] if given[:1] == ["run"] and "--out" not in given and len(given) > 3 else []
    ended = cli(*given, *dry)

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.endswith("\n") and len(ended.stderr.splitlines()) == 1 and ended.stderr.strip().isprintable()
    sentence = ended.stderr.strip().removeprefix("gan-bench: ").replace(str(wrong), "")
    assert "Traceback" not in sentence and said in sentence
    assert len(re.split(r"; |\. ", sentence)[0]) <= LONGEST
