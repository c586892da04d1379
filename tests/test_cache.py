"""The cache: every kind of file damaged in every way, a cache that cannot be written, its size, its state, its removal."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import SafetensorError

from gan_bench.cli import cache as commands
from gan_bench.core import cache, files
from gan_bench.core.errors import CannotWrite, UserError
from gan_bench.core.own import TRUST, is_trusted, trust
from gan_bench.core.sealed import Damaged
from gan_bench.core.tensors import check_digested, load_digested, save_digested, save_tensors
from gan_bench.datasets import DATASETS, base, folder_kept
from gan_bench.datasets.folder_kept import own_images
from gan_bench.extraction import extract_cached
from gan_bench.features import EXTRACTORS, own_classifier
from tests.conftest import CPU
from tests.test_datasets import official as official_source
from tests.test_datasets import put_official, tiny_dataset
from tests.test_folder_suite import put

pytestmark = pytest.mark.usefixtures("one_thread")
CODE = "ab" * 32  # the digest of somebody's code


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of each test's own; what stood in for it is removed."""
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(TRUST, "")
    monkeypatch.setattr(own_classifier, "SHOWN", 0)  # few passes
    monkeypatch.setattr(logging.getLogger("gan_bench"), "handlers", [])  # those of another test's command
    cache._told.clear()
    yield tmp_path / "cache"
    if (stand_in := os.environ.pop(cache.STAND_IN, None)) is not None:
        shutil.rmtree(stand_in, ignore_errors=True)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was warned of, but for remarks on the images themselves."""
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    return [text for text in told if "were resized" not in text]


# -------------------------------------------------------------------------------------------- what is kept, and its use


def features(tmp_path: Path) -> object:
    split = DATASETS.create("shapes").load("test").subset(20, "cache")
    extractor = EXTRACTORS.create("shapes-factors")
    extractor.load(CPU)
    found = extract_cached(extractor, split.images, split.digest, "test")
    return [*found.features.tolist(), *found.logits.tolist()]


def classifier(tmp_path: Path) -> object:
    extractor = EXTRACTORS.create("own-classifier")
    extractor.learn(own_images(tmp_path / "photos", 32))
    return extractor.digest, extractor.accuracy


def images(tmp_path: Path) -> object:
    """What a record that names the images sees of them."""
    dataset = own_images(tmp_path / "photos", 32)
    named = DATASETS.create(dataset.name)
    splits = [named.load(split) for split in ("train", "test")]
    return named.name, named.class_names, named.n_test, [(split.digest, split.labels.tolist()) for split in splits]


def named_images(tmp_path: Path) -> object:
    """The same, where nobody names the folder."""
    (folder,) = (tmp_path / "cache/datasets").iterdir()
    named = DATASETS.create(f"images:{folder.name}")
    return named.class_names, named.n_test, [named.load(split).digest for split in ("train", "test")]


def downloaded(tmp_path: Path) -> object:
    (tmp_path / "www").mkdir(exist_ok=True)
    put_official(tmp_path / "www")
    dataset = tiny_dataset((official_source((tmp_path / "www").as_uri()),))
    return [(split.digest, split.labels.tolist()) for split in (dataset.load("train"), dataset.load("test"))]


def mark(tmp_path: Path) -> object:
    trust(CODE, "/home/me/my_gan.py")
    return is_trusted(CODE)


USES: dict[str, Callable[[Path], object]] = {
    "features/*.safetensors": features,
    "classifiers/*.safetensors": classifier,
    "datasets/photos-*/card.json": images,
    "datasets/photos-*/train-images.npy": images,
    "datasets/photos-*/train-labels.npy": images,
    "datasets/photos-*/test-images.npy": images,
    "datasets/photos-*/test-labels.npy": images,
    "folders/*.json": images,
    "datasets/tiny/train-images.npy": downloaded,
    "datasets/tiny/test-labels.npy": downloaded,
}


def flip(file: Path, at: int) -> None:
    raw = bytearray(file.read_bytes())
    raw[at] ^= 1
    file.write_bytes(raw)


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "first byte": lambda file: flip(file, 0),
    "last byte": lambda file: flip(file, -1),
    "middle byte": lambda file: flip(file, file.stat().st_size // 2),
    "truncated": lambda file: os.truncate(file, file.stat().st_size // 2),
    "emptied": lambda file: os.truncate(file, 0),
    "of something else": lambda file: file.write_text("{}"),
    "a folder": as_folder,
    "deleted": Path.unlink,
}


@pytest.mark.parametrize("pattern", USES)
def test_a_damaged_file_is_named_once_and_made_again(pattern, tmp_path, place, caplog):
    """However it is damaged: the same values, and the file is whole again."""
    put(tmp_path / "photos", 40)
    use = USES[pattern]
    expected = use(tmp_path)
    file = next(place.glob(pattern))
    for name, damage in DAMAGES.items():
        if name == "of something else" and file.suffix == ".json":
            continue  # below: JSON without a digest may be an older version's
        caplog.clear()
        damage(file)
        assert use(tmp_path) == expected, name
        told = [text for text in warnings(caplog) if file.name in text]
        assert len(told) == 1 or name == "deleted", (name, warnings(caplog))
        assert file.is_file(), name

        caplog.clear()
        assert use(tmp_path) == expected and not warnings(caplog), name


@pytest.mark.parametrize("name", DAMAGES)
def test_images_that_are_named_alone_are_read_again_by_the_note_of_their_folder(name, tmp_path, place, caplog):
    own_images(put(tmp_path / "photos", 40), 32)
    expected = named_images(tmp_path)
    DAMAGES[name](next(place.glob("datasets/*/card.json")))
    assert named_images(tmp_path) == expected
    assert (sum("card.json is damaged" in text for text in warnings(caplog)) == 1) == (
        name not in ("deleted", "of something else")
    )


def test_a_mark_that_is_damaged_counts_no_longer_until_the_file_is_named_again(tmp_path, place, caplog):
    assert mark(tmp_path)
    for name, damage in DAMAGES.items():
        if name != "of something else":
            damage(place / "own" / CODE)
            assert not is_trusted(CODE), name
            assert mark(tmp_path), name
    (place / "own" / CODE).write_text("/home/me/my_gan.py\n")
    assert is_trusted(CODE), "an older version's mark"


def test_any_flipped_bit_of_cached_features_is_noticed(tmp_path):
    """One bit of each byte, of the header and of the values."""
    file = tmp_path / "a.safetensors"
    save_digested(file, {"features": torch.arange(50.0)}, {"note": '"sha256":"' + "0" * 64})
    whole = file.read_bytes()
    assert load_digested(file)[0]["features"].tolist() == list(range(50))
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        with pytest.raises(Damaged):
            check_digested(file)


def test_a_copy_under_another_name_is_noticed(tmp_path):
    save_digested(tmp_path / "a.safetensors", {"features": torch.ones(3)})
    shutil.copy(tmp_path / "a.safetensors", tmp_path / "b.safetensors")
    with pytest.raises(Damaged, match=r"it is a copy of a\.safetensors"):
        load_digested(tmp_path / "b.safetensors")


def test_files_of_older_versions_are_made_again_without_a_warning(tmp_path, place, caplog):
    expected = features(tmp_path)
    (file,) = (place / "features").iterdir()
    found, _ = load_digested(file)
    with caplog.at_level("INFO", "gan_bench"):
        safetensors.torch.save_file(found, file)
        assert features(tmp_path) == expected
    assert "kept by an older version, without a digest; extracting again" in caplog.text and not warnings(caplog)
    check_digested(file)


@pytest.mark.parametrize("is_there", [True, False])
def test_an_older_card_is_written_again_from_its_folder_and_believed_where_that_is_gone(is_there, tmp_path, place, caplog):
    own_images(put(tmp_path / "photos", 40), 32)
    expected = named_images(tmp_path)
    card = next(place.glob("datasets/*/card.json"))
    shutil.rmtree(place / "folders")
    card.write_bytes(card.read_bytes().partition(b"\n")[2])
    if not is_there:
        shutil.rmtree(tmp_path / "photos")
    assert named_images(tmp_path) == expected and not warnings(caplog)
    assert card.read_bytes().startswith(b"{") != is_there


def test_a_note_of_another_folder_is_noticed(tmp_path, place, caplog):
    other = own_images(put(tmp_path / "other", 30), 32)
    (note,) = (place / "folders").iterdir()
    foreign = note.read_bytes()
    mine = own_images(put(tmp_path / "photos", 40), 32)
    next(file for file in (place / "folders").iterdir() if file != note).write_bytes(foreign)
    assert own_images(tmp_path / "photos", 32).name == mine.name != other.name
    assert "is damaged (its content does not have its digest); " in caplog.text


@pytest.mark.parametrize("change", ["byte order", "shape", "type"])
def test_the_form_of_an_array_is_checked_beside_its_bytes(change, tmp_path, place):
    """The digest is that of the values alone: a header that gives the same bytes another meaning must not pass."""
    dataset = own_images(put(tmp_path / "photos", 40), 32)
    labels = place / "datasets" / dataset.key / "train-labels.npy"
    array = np.load(labels)
    other = {"byte order": array.view(">i8"), "shape": array.reshape(-1, 2), "type": array.view("<u8")}[change]
    np.save(labels, other)
    assert base.sha256(other) == base.sha256(array) and dataset.faulty() == [labels]


def test_the_digest_of_a_classifier_is_that_of_its_file_in_older_versions(tmp_path, place):
    """Records of both agree; and what is used from memory is what is read again."""
    put(tmp_path / "photos", 40)
    first, again = classifier(tmp_path), classifier(tmp_path)
    (file,) = place.glob("classifiers/*.safetensors")
    weights, metadata = load_digested(file)
    older = safetensors.torch.save(weights, {"accuracy": metadata["accuracy"]})
    assert first == again and first[0] == own_classifier.hashlib.sha256(older).hexdigest()


# ------------------------------------------------------------------------------------------- a cache that cannot be written

FAULTS = {
    errno.EROFS: "read-only",
    errno.EACCES: "read-only",
    errno.ENOSPC: "the disk is full",
    errno.EIO: "Input/output error",
}
ALL_USES = (features, classifier, images, downloaded, mark)


@contextlib.contextmanager
def failing(folder: Path, number: int) -> Iterator[None]:
    """Every folder and file that would be made in `folder` fails so."""
    mkdir, replace = Path.mkdir, Path.replace

    def guarded(call: Callable[..., object], told: Callable[..., Path]) -> Callable[..., object]:
        def instead(*arguments: object, **options: object) -> object:
            if told(*arguments).is_relative_to(folder):
                raise OSError(number, os.strerror(number), str(arguments[0]))
            return call(*arguments, **options)

        return instead

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "mkdir", guarded(mkdir, lambda path, *_: path))
        patched.setattr(Path, "replace", guarded(replace, lambda _, target: target))
        yield


@pytest.mark.parametrize("number", FAULTS)
def test_a_cache_that_cannot_be_written_is_said_once_and_done_without(number, tmp_path, place, caplog):
    """Everything that uses it gives the same; twice, as in a run."""
    put(tmp_path / "photos", 40)
    expected = [use(tmp_path) for use in ALL_USES]
    shutil.rmtree(place)
    with failing(place, number):
        assert [use(tmp_path) for use in ALL_USES] == expected == [use(tmp_path) for use in ALL_USES]
    (told,) = warnings(caplog)
    assert told == (
        f"the cache {place} cannot be written ({FAULTS[number]}), so features and datasets are made anew each time; "
        "set GAN_BENCH_CACHE to a folder that can be written."
    )
    assert not [file for file in place.rglob("*") if file.is_file()] if place.exists() else True


@pytest.mark.parametrize("where", ["a file", "/proc/x", "/dev/null"])
def test_a_cache_in_an_impossible_place_is_done_without(where, tmp_path, monkeypatch, caplog):
    put(tmp_path / "photos", 40)
    expected = [use(tmp_path) for use in ALL_USES]
    (tmp_path / "a file").write_text("mine")
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / where))  # of an absolute path, the path itself
    assert [use(tmp_path) for use in ALL_USES] == expected
    assert len(warnings(caplog)) == 1 and (tmp_path / "a file").read_text() == "mine"


def test_where_no_folder_can_be_written_all_but_datasets_works(tmp_path, place, monkeypatch, caplog):
    put(tmp_path / "photos", 40)
    dataset = own_images(tmp_path / "photos", 32)
    expected = features(tmp_path), EXTRACTORS.create("own-classifier").learn(dataset)
    for kind in ("features", "classifiers"):
        shutil.rmtree(place / kind)
    monkeypatch.setattr(cache.tempfile, "tempdir", "/proc/x")
    with failing(place, errno.ENOSPC):
        extractor = EXTRACTORS.create("own-classifier")
        assert (features(tmp_path), extractor.learn(dataset)) == expected and extractor.accuracy is not None
        trust(CODE, "my_gan.py")
        assert is_trusted(CODE)
        with pytest.raises(CannotWrite, match=r"^/proc/x cannot be written \(No such file or directory\)"):
            downloaded(tmp_path)


def test_a_whole_cache_that_cannot_be_written_is_used_without_a_word(tmp_path, place, caplog):
    put(tmp_path / "photos", 40)
    uses = (features, classifier, images, downloaded)
    expected = [use(tmp_path) for use in uses]
    with failing(place, errno.EROFS):
        assert [use(tmp_path) for use in uses] == expected and not warnings(caplog)


def test_files_put_by_hand_into_a_folder_that_cannot_be_written_are_used(tmp_path, place):
    downloads = place / "datasets/tiny/downloads"
    downloads.mkdir(parents=True)
    put_official(downloads)
    dataset = tiny_dataset((official_source("http://127.0.0.1:9"),))
    with failing(place, errno.EROFS):
        assert len(dataset.load("train").labels) == 6 and dataset.verify() == []


def test_a_dataset_that_cannot_be_kept_is_not_called_fetched(cli, tmp_path, place, monkeypatch):
    (tmp_path / "www").mkdir()
    put_official(tmp_path / "www")
    dataset = tiny_dataset((official_source((tmp_path / "www").as_uri()),))
    monkeypatch.setattr(DATASETS, "create", lambda name: dataset)
    with failing(place, errno.EROFS):
        ended = cli("data", "fetch", "tiny")
    assert ended.code == 2 and not ended.stdout
    assert ended.stderr.splitlines()[-1] == f"gan-bench: tiny was fetched, but the cache {place} cannot keep it."


def test_a_full_disk_is_told_as_such_whoever_writes(tmp_path, monkeypatch):
    """safetensors has an error of its own, and numpy one without a number."""

    def full(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    for save in (save_tensors, save_digested):
        with pytest.raises(CannotWrite, match="the disk is full") as error:
            save(tmp_path / "a.safetensors", {"a": torch.ones(1)})
        assert cache.reason(error.value.__cause__) == "the disk is full"
    if Path("/dev/full").exists():
        monkeypatch.setattr(files, "atomic_path", None)
        monkeypatch.setattr(base, "atomic_path", lambda file: contextlib.nullcontext(Path("/dev/full")))
        with pytest.raises(OSError) as of_array:
            base.write_array(tmp_path / "a.npy", np.zeros(100_000, np.uint8))
        assert of_array.value.errno == errno.ENOSPC


def test_plain_tensors_are_the_bytes_that_safetensors_writes(tmp_path):
    tensors, metadata = {"b": torch.ones(3), "a": torch.zeros(2, 2)}, {"card": "x"}
    save_tensors(tmp_path / "a.safetensors", tensors, metadata)
    assert (tmp_path / "a.safetensors").read_bytes() == safetensors.torch.save(tensors, metadata)


# -------------------------------------------------------------------------------------------------------------- commands


@pytest.fixture
def filled(tmp_path: Path, place: Path) -> Path:
    """A cache with each kind of file but downloads."""
    put(tmp_path / "photos", 40)
    for use in (features, classifier, images, mark):
        use(tmp_path)
    return place


def test_size_counts_each_kind(cli, filled):
    found = json.loads(cli("cache", "size", "--json").stdout)
    counts = {row["kind"]: row["files"] for row in found["kinds"]}
    assert counts == {"features": 1, "classifiers": 2, "datasets": 5, "folders": 1, "own": 1}
    on_disk = [file for file in filled.rglob("*") if file.is_file()]
    assert (found["files"], found["bytes"]) == (len(on_disk), sum(file.stat().st_size for file in on_disk))
    table = cli("cache", "size").stdout
    assert f"in {filled}\n" in table and table.splitlines()[-2].split()[:2] == ["total", "10"]


def test_doctor_says_where_the_cache_cannot_be_written(cli, place):
    assert json.loads(cli("doctor", "--json").stdout)["cache"] == str(place)
    with failing(place, errno.EROFS):
        assert json.loads(cli("doctor", "--json").stdout)["cache"] == f"{place}, which cannot be written (read-only)"


def test_verify_names_what_is_damaged_and_what_does_not_belong_there(cli, filled):
    assert cli("cache", "verify").stdout == f"{filled}: 9 of 9 files have their digest, 0 damaged\n"
    damaged = [next(filled.glob(pattern)) for pattern in USES if "tiny" not in pattern and "card" not in pattern]
    for file in damaged:
        flip(file, -1)
    (filled / "features/mine.txt").touch()
    (filled / "features" / f".{'0' * 32}.safetensors.4194399.tmp").touch()  # above the highest number of a process

    ended = cli("cache", "verify")
    assert ended.code == 1 and all(f"{file} is " in ended.stdout for file in damaged)
    assert "mine.txt is not known to gan-bench" in ended.stderr and ".tmp was left half-written" in ended.stderr
    states = [row["state"] for row in json.loads(cli("cache", "verify", "--json").stdout)["findings"]]
    assert sorted(states) == ["damaged"] * len(damaged) + ["half-written", "unknown"]


def test_verify_changes_nothing_and_counts_files_without_a_digest(cli, filled):
    """Those of an older version, whose images would be read again by whoever uses them."""
    for pattern in ("datasets/*/card.json", "folders/*.json", "own/*"):
        file = next(filled.glob(pattern))
        file.write_bytes(file.read_bytes().partition(b"\n")[2])

    def state() -> dict[Path, tuple[int, int]]:
        return {file: (file.stat().st_ino, file.stat().st_mtime_ns) for file in filled.rglob("*")}

    before = state()
    ended = cli("cache", "verify")
    assert state() == before and ended.code == 0
    assert ended.stderr == "2 files were kept by an older version, without a digest, and get one when they are made again.\n"
    assert ended.stdout == f"{filled}: 7 of 9 files have their digest, 0 damaged\n"


def test_clear_removes_what_is_kept_and_nothing_else(cli, filled):
    assert cli("cache", "clear", "features", "--yes").code == 0 and not (filled / "features").exists()
    assert (filled / "classifiers").is_dir()
    ended = cli("cache", "clear", "--yes", "--json")
    assert json.loads(ended.stdout)["left"] == [] and list(filled.iterdir()) == []


def test_a_folder_that_is_no_cache_loses_nothing(cli, filled, tmp_path, monkeypatch):
    """GAN_BENCH_CACHE=$HOME, where somebody's own folders have the names that ours have."""
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    mine = [
        "thesis.txt", ".ssh/id", "features/plan.md", "features/my.safetensors", "datasets/mine/train-images.npy", "own/note",
        "datasets/mnist/train-images.npy", "datasets/card.json", "folders/a.json", "classifiers/a.lock", "features/.a.1.tmp",
    ]  # fmt: skip
    for name in mine:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("mine")
    elsewhere.mkdir()
    shutil.copytree(filled / "features", elsewhere / "features")
    name = f"{'0' * 32}.safetensors"
    (elsewhere / "features" / name).write_text("kept elsewhere")
    (home / "features" / name).symlink_to(elsewhere / "features" / name)
    (home / "datasets" / "photos-32-01234567").symlink_to(next((filled / "datasets").iterdir()))
    monkeypatch.setenv("GAN_BENCH_CACHE", str(home))

    def state() -> dict[Path, object]:
        every = [*home.rglob("*"), *elsewhere.rglob("*"), *filled.rglob("*")]
        return {path: path.read_bytes() if path.is_file() else path.is_symlink() for path in every}

    before = state()
    assert cli("cache", "clear", "--yes").stdout == f"{home}: 0 files removed, 0 bytes\n" and state() == before

    shutil.rmtree(home / "own")
    (home / "own").symlink_to(filled / "own")
    cli("cache", "clear", "--yes")
    assert (filled / "own" / CODE).is_file()


def test_clear_asks_and_needs_yes_where_it_cannot(cli, filled, monkeypatch):
    ended = cli("cache", "clear")
    assert ended.code == 2 and "cache clear would remove 10 files" in ended.stderr and "--yes says so." in ended.stderr
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    for answer, n_left in ((False, 10), (True, 0)):
        monkeypatch.setattr(commands.typer, "confirm", lambda *_, answer=answer, **__: answer)
        assert cli("cache", "clear").code == (0 if answer else 1)
        assert sum(file.is_file() for file in filled.rglob("*")) == n_left


def test_what_a_command_in_progress_writes_stays(cli, filled):
    writing = filled / "features" / f".{'0' * 32}.safetensors.{os.getpid()}.tmp"
    writing.touch()
    lock = next(filled.glob("classifiers/*.lock"))
    with filelock.FileLock(lock):
        ended = cli("cache", "clear", "--yes")
    left = {file.relative_to(filled).parts[0] for file in filled.rglob("*") if file.is_file()}
    assert left == {"features", "classifiers"} and writing.exists() and lock.exists()
    assert (
        f"process {os.getpid()} is writing it" in ended.stderr and "a command in progress is writing beside it" in ended.stderr
    )


def test_images_whose_folder_is_gone_stay(cli, filled, tmp_path):
    """They are the last copy."""
    name = own_images(tmp_path / "photos", 32).name
    shutil.rmtree(tmp_path / "photos")
    ended = cli("cache", "clear", "--yes")
    assert "so this is the last copy" in ended.stderr and own_images(tmp_path / "photos", 32).name == name
    assert {file.name for file in filled.iterdir()} == {"datasets", "folders"}


@pytest.mark.parametrize("command", ["size", "verify", "clear"])
def test_a_cache_that_is_a_file_or_absent(cli, command, tmp_path, monkeypatch):
    assert cli("cache", command).code == 0  # nothing is there yet
    monkeypatch.setenv("GAN_BENCH_CACHE", __file__)
    ended = cli("cache", command)
    assert (ended.code, ended.stderr) == (2, f"gan-bench: the cache {__file__} is not a folder; set GAN_BENCH_CACHE to one.\n")


def test_an_unknown_kind_is_one_sentence(cli):
    ended = cli("cache", "clear", "feature")
    assert ended.code == 2 and "did you mean 'features'?" in ended.stderr


def test_a_folder_that_changed_cannot_repair_its_images(tmp_path, place):
    dataset = own_images(put(tmp_path / "photos", 40), 32)
    flip(place / "datasets" / dataset.key / "test-images.npy", -1)
    shutil.rmtree(tmp_path / "photos")
    with pytest.raises(UserError, match=r"is damaged in the cache, and .*photos, which it was read from, is gone"):
        DATASETS.create(dataset.name).load("test")
    assert folder_kept.OwnImages(dataset.key).n_test == 4
