"""What the shell offers at a press of Tab: names, the last of several, and never torch."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

# What is typed, the last word not finished -> what is offered, all of it.
TYPED = {
    ("list", "v"): ["variants"],
    ("run", "--suite", "mn"): ["mnist"],
    ("run", "--suite", "mnist,ci"): ["mnist,cifar10"],
    ("run", "--variants", "wgan"): ["wgan", "wgan-gp"],
    ("run", "--variants", "wgan,wgan"): ["wgan,wgan-gp"],
    ("run", "--extractors", "raw,li"): ["raw,lite0"],
    ("run", "--metrics", "fd,pr"): ["fd,pr"],
    ("run", "--detectors", "spec"): ["spectrum", "spectrum+aug"],
    ("run", "--detectors", "n"): ["none", "npr", "npr+aug"],
    ("run", "--budget", ""): ["smoke", "quick", "standard", "full"],
    ("run", "--device", "c"): ["cpu", "cuda"],
    ("score", "x", "--dataset", "sh"): ["shapes"],
    ("score", "x", "--metrics", "ve"): ["vendi"],
    ("detect", "x", "--tier", ""): ["clean", "web", "hard"],
    ("detect", "x", "--detector", "pa"): ["patch", "patch+aug"],
    ("compare", "a", "b", "--dataset", "ci"): ["cifar10"],
    ("baseline", "a", "--budget", "st"): ["standard"],
    ("data", "fetch", "mnist", "inc"): ["inception"],
    ("data", "verify", "ring"): ["ring8"],
    ("show", "wgan-"): ["wgan-gp"],
    ("show", "x", "--budget", "q"): ["quick"],
    ("new", "vari"): ["variant"],
    ("run", "--variants", "my_g"): [],  # the shell then completes files
}
ASK = """
import contextlib, io, json, os, sys
from gan_bench.cli import main

found = []
for words in json.loads(sys.argv[1]):
    line = " ".join(["gan-bench", *words])
    os.environ.update(_GAN_BENCH_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words)))
    sys.argv = ["gan-bench"]
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.suppress(SystemExit):
        main()
    found.append(told.getvalue().split())
print(json.dumps({"found": found, "torch": "torch" in sys.modules}))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, object]:
    """What bash would be told for all of TYPED, by the protocol of its completion, in one process."""
    done = subprocess.run([sys.executable, "-c", ASK, json.dumps(list(TYPED))], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_names_are_completed(answers, typed: tuple[str, ...]):
    assert answers["found"][list(TYPED).index(typed)] == TYPED[typed]


def test_completion_does_not_load_torch(answers):
    assert answers["torch"] is False
