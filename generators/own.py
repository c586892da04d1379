"""Variants in a user's own file: `--variants my_gan.py`, or `my_gan.py:MyGAN` where it holds several.

Two kinds of classes are variants: those that derive from `base.Variant`, and those with the four methods that `plain` names.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.own import TRUST, Fault, Texts, blamed, is_own, is_python_file, is_trusted, split_name, trust
from gan_bench.core.registry import suggest
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.generators.plain import PARTS, PlainVariant, wrapped
from gan_bench.images import tasks
from gan_bench.records import CellSpec, Code, CodeFile, spec_hash

TOLERANCE = 1e-3  # by which a value may leave [-1, 1], since networks round
BRIGHT = 0.35  # what an untrained network draws has a mean near 0 after tanh, and near 0.5 after a sigmoid
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # it becomes a folder's name, and the first part of --set NAME.SETTING


class VariantSource(NamedTuple):
    """A variant, and where it is from.

    code   None: it is a member of the registry
    place  where its class begins, such as "my_gan.py:8"; "" of a member of the registry
    """

    kind: type[Variant]
    code: Code | None = None
    place: str = ""


_known: dict[str, VariantSource] = {}  # by the hash of the code: those that this process has imported


def source_of(spec: CellSpec) -> VariantSource:
    """The variant of a cell. Raises UserError at an unknown name, and at code that is not trusted or fails."""
    if spec.code is None:
        return VariantSource(VARIANTS.get(spec.variant))

    key = spec_hash(spec.code)
    if key not in _known:
        if not is_trusted(spec.code.digest):
            raise UserError(
                f"variant {spec.variant!r} is code that came with its record, {spec.code.file}, and never ran on this machine; "
                f"read it in the cell's record.json, then allow it by {TRUST}={spec.code.digest[:12]} in the environment."
            )
        texts = Texts({path: file.text for path, file in spec.code.files.items()})
        _known[key] = _source(texts, spec.code.file, spec.code.member)
    return _known[key]


def read_sources(texts: Iterable[str]) -> dict[str, VariantSource]:
    """Of --variants those that name a file -> what is in it. From now on this machine trusts these files.

    Raises UserError where a file is absent, fails or holds no such variant, and where a name is taken.
    """
    found: dict[str, VariantSource] = {}
    for text in texts:
        if is_python_file(text):
            source = _read(text)
            for other in found.values():
                if other.kind.name == source.kind.name:
                    both = f"{other.place} and {source.place}"
                    raise UserError(f"{both} are both called {source.kind.name!r}; give one of them another `name`.")
            found[text] = source
    return found


def _read(text: str) -> VariantSource:
    file, member = split_name(text)
    if not file.is_file():
        raise UserError(f"--variants {text!r}: there is no file {file}.")

    texts = Texts({}, file.resolve().parent)
    source = _source(texts, file.name, member)
    assert source.code is not None
    trust(source.code.digest, str(file.resolve()))
    _known[spec_hash(source.code)] = source
    return source


def _source(texts: Texts, file: str, member: str) -> VariantSource:
    """The class of this name in a file; "": the only one that is a variant."""
    with blamed(file):
        classes = _classes_of(texts.load(file))
        name = _chosen(classes, file, member)

    theirs = classes[name]
    place = _place(theirs)
    with blamed(place):
        kind = theirs if issubclass(theirs, Variant) else wrapped(theirs, place)
    _check(kind, place)
    with blamed(place):
        kind.default_settings(width=64)  # a class of settings may refuse its own values
    code = Code(file=file, member=name, files={path: CodeFile.of(text) for path, text in texts.texts.items()})
    return VariantSource(kind, code, place)


def _classes_of(module: ModuleType) -> dict[str, type[Any]]:
    """The classes in a user's file by name, those from beside it too; each once."""
    own = {kind: name for name, kind in vars(module).items() if isinstance(kind, type) and is_own(kind.__module__)}
    return {name: kind for kind, name in own.items()}


def _chosen(classes: dict[str, type[Any]], file: str, member: str) -> str:
    """The name of the class that is meant. Raises UserError where there is none, or several could be."""
    if member and member not in classes:
        raise UserError(suggest(member, classes, f"class of {file}") if classes else f"{file} holds no class.")
    begun = [member] if member else [name for name, kind in classes.items() if issubclass(kind, Variant) or _parts(kind)]
    bases = {base for name in begun for base in classes[name].__mro__[1:]}
    found = [name for name in begun if _is_whole(classes[name]) and classes[name] not in bases] or begun
    if not found:
        raise UserError(f"{file} holds no variant: a class with {', '.join(PARTS)}, or one that derives from Variant.")
    if len(found) > 1:
        raise UserError(f"{file} holds several variants; choose one: {', '.join(f'{file}:{name}' for name in found)}.")

    kind = classes[found[0]]
    absent = [part for part in PARTS if part not in _parts(kind)]
    if absent and not issubclass(kind, Variant):
        needed = f"it needs {', '.join(PARTS)}, or to derive from Variant"
        raise UserError(f"{_place(kind)}: {kind.__name__} has no {', '.join(absent)}; {needed}.")
    return found[0]


def _parts(kind: type[Any]) -> list[str]:
    return [part for part in PARTS if callable(getattr(kind, part, None))]


def _is_whole(kind: type[Any]) -> bool:
    return not inspect.isabstract(kind) if issubclass(kind, Variant) else len(_parts(kind)) == len(PARTS)


def _place(kind: type[Any]) -> str:
    """Where a class of a user's file begins, such as "my_gan.py:8"; its module has just been imported."""
    module: Any = sys.modules[kind.__module__]
    tree = ast.parse(module.__loader__.get_source(kind.__module__))
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == kind.__name__]
    return f"{module.__file__}:{lines[-1] if lines else 1}"


def _check(kind: type[Variant], place: str) -> None:
    """Raises UserError where the class breaks the contract, or its name cannot be used."""
    fault = VARIANTS.fault_of(kind)
    if fault is None and not NAME.fullmatch(kind.name):
        fault = "has a name that is not made of letters, digits, - and _"
    if fault is None and kind.name in VARIANTS.names():
        fault = "has the name of another variant; give it another `name`"
    if fault is not None:
        raise UserError(f"{place}: variant {getattr(kind, 'name', None) or kind.__name__!r} {fault}.")


def check_images(images: Any, variant: Variant) -> None:
    """Raises Fault where what a variant drew is no batch of its dataset's images in [-1, 1]. Points may lie anywhere."""
    if not isinstance(images, Tensor):
        raise Fault(f"{variant.name} draws a {type(images).__name__}, not a tensor of images")
    if tuple(images.shape[1:]) != tuple(variant.image_shape):
        shape, wanted = tuple(images.shape[1:]), tuple(variant.image_shape)
        raise Fault(f"{variant.name} draws images of shape {shape}, and those of the dataset have {wanted}")

    low, high = images.min(), images.max()
    if not variant.draws_points and (low < -1 - TOLERANCE or high > 1 + TOLERANCE):  # a diverged training may draw NaN
        raise Fault(
            f"{variant.name} draws values from {low:.3g} to {high:.3g}; they must lie in [-1, 1], as those of nn.Tanh() do"
        )


def rehearse(variant: Variant, place: str) -> None:
    """Draw a batch and train a step with made-up images. Raises UserError at whatever fails, or is not as it must be.

    place  what messages begin with where no line of the user's led to the fault
    """
    rng = torch.Generator(variant.device).manual_seed(0)
    size, n = variant.settings.batch_size, variant.n_batches(0)
    reals = [torch.rand(size, *variant.image_shape, generator=rng, device=variant.device) * 2 - 1 for _ in range(n)]
    reals = [real.contiguous(memory_format=torch.channels_last) for real in reals]
    labels = torch.arange(size, device=variant.device) % variant.n_classes

    with torch.random.fork_rng(devices=[]):
        with blamed(variant.at("generator") if isinstance(variant, PlainVariant) else place):
            _check_first(_drawn(variant, reals[0], labels, rng), variant)
        with blamed(place):
            _check_losses(variant.train_step(0, reals, [labels] * n, rng), variant)
        if variant.critic is not None:
            with blamed(place), torch.no_grad(), variant.evaluating():
                variant.realness(reals[0])


@torch.no_grad()
def _drawn(variant: Variant, real: Tensor, labels: Tensor, rng: torch.Generator) -> Any:
    with variant.evaluating():
        if variant.task in tasks.SOURCES:
            return variant.transform(tasks.SOURCES[variant.task](real))
        return variant.generate(variant.draw_z(len(labels), rng), labels)


def _check_first(images: Any, variant: Variant) -> None:
    """Images of an untrained generator: they are finite, and not in [0, 1] around its middle."""
    check_images(images, variant)
    if not images.isfinite().all():
        raise Fault(f"{variant.name} draws values that are not finite before any training")
    low, high = images.min(), images.max()
    if not variant.draws_points and low >= 0 and images.mean() > BRIGHT:
        raise Fault(
            f"{variant.name} draws values from {low:.2g} to {high:.2g} before any training; -1 is black and 1 is white, as "
            "nn.Tanh() has it, not nn.Sigmoid()"
        )


def _check_losses(losses: Any, variant: Variant) -> None:
    if not isinstance(losses, dict) or not all(isinstance(value, Tensor) and value.numel() == 1 for value in losses.values()):
        raise Fault(f"{variant.name}'s train_step does not return a dictionary of tensors with one number each")
    for name, value in losses.items():
        if not value.isfinite():
            raise Fault(f"{variant.name}'s {name} is {float(value)} at the first step")
        if name not in variant.curves:
            raise Fault(f"{variant.name} returns {name}, which its `curves` do not declare")
