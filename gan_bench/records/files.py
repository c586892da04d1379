"""Records on disk: written with a digest of their content, read whatever version of the schema wrote them."""

from __future__ import annotations

import json
import logging
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from gan_bench.core.digests import json_digest
from gan_bench.core.errors import UserError
from gan_bench.core.files import write_text
from gan_bench.records.base import SCHEMA_VERSION, Model, Written, spec_hash
from gan_bench.records.detections import AttackRecord, JudgeRecord
from gan_bench.records.results import CellRecord, ReferenceRecord
from gan_bench.records.verification import Verification

log = logging.getLogger(__name__)
AnyRecord = CellRecord | ReferenceRecord | JudgeRecord | AttackRecord
DIGEST = "content_digest"
LARGEST = 64 * 2**20  # bytes of a record; those of detectors with all protocols have some MiB
NEWER = "A newer gan-bench wrote it"  # in the errors of records of a later schema
UNKNOWN = "extra_forbidden"  # pydantic's name of a field that a model does not have
PLAIN = {UNKNOWN: "there is no such field", "missing": "it is missing"}
M = TypeVar("M", bound=Written)


class Result(NamedTuple):
    """One record that was read from a run folder.

    run           the run folder
    files         those of its folder, by what they show: "record", "statistics", "samples", "strip", "rows", "neighbours",
                  "walk", "classes", "history", "explained"; regular files that lie within the run folder
    verification  the last one of the run folder; None: there is none
    """

    run: Path
    record: AnyRecord
    files: dict[str, Path]
    verification: Verification | None = None


class Contents(NamedTuple, Generic[M]):
    """A record, and what its file says beyond it.

    data     the file's JSON
    edited   whether its content is no longer what its digest was made of
    unknown  fields that this version does not know, which a newer one wrote; they are not in the record
    """

    record: M
    data: dict[str, Any]
    edited: bool
    unknown: tuple[str, ...]


def content_digest(data: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of all fields of a record but its own digest.

    It is made of the file's content and not of a model, so that fields which later versions add do not change it.
    """
    return json_digest({name: value for name, value in data.items() if name != DIGEST})


def write_record(path: Path, record: Written) -> None:
    """Write a record as JSON with the digest of its content, whole or not at all."""
    digest = content_digest(json.loads(record.model_dump_json()))
    write_text(path, record.model_copy(update={DIGEST: digest}).model_dump_json(indent=2) + "\n")


def read_record(path: Path, model: type[M]) -> M:
    """Read one record. Its digest is None where its content was edited, so that nobody takes the one for the other.

    Raises UserError, which names the file and the field, when it is not such a record.
    """
    return read_contents(path, model).record


def read_contents(path: Path, model: type[M]) -> Contents[M]:
    """One record and what its file says beyond it. Raises UserError as `read_record` does."""
    try:
        content = _content(path)
        data = from_json(content)  # in half the time of the json module; the same values
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from error
    except UserError:
        raise
    except ValueError as error:  # no UTF-8, no JSON, or a bomb of brackets
        raise UserError(f"{path} is not a {model.__name__}, since it is not JSON ({error}).") from error
    if not isinstance(data, dict):
        raise UserError(f"{path} is not a {model.__name__}: it holds a {type(data).__name__}, not fields with values.")

    try:
        record, unknown = _parsed(path, content, data, model)
        stored = record.content_digest
        edited = stored is not None and stored != content_digest(data)
    except UserError:
        raise
    except ValueError as error:  # a number of thousands of digits, say
        raise UserError(f"{path} is not a {model.__name__} ({error}).") from error
    return Contents(record.model_copy(update={DIGEST: None}) if edited else record, data, edited, unknown)


def _content(path: Path) -> bytes:
    """The bytes of a file. Raises OSError, and UserError at what no record is, before anything of it is read."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{path} is no file that can be read, so it must be removed.")
    if found.st_size > LARGEST:
        raise UserError(f"{path} has {found.st_size / 2**20:,.0f} MiB, and no record is as large.")
    return path.read_bytes()


def _parsed(path: Path, content: bytes, data: dict[str, Any], model: type[M]) -> tuple[M, tuple[str, ...]]:
    """The record, and the fields that were left out since only a newer version knows them. data: what `content` says."""
    try:
        return model.model_validate_json(content), ()
    except ValidationError as error:
        refused = error.errors()

    if _is_newer(data) and all(one["type"] == UNKNOWN for one in refused):
        places = [one["loc"] for one in refused]
        known = _without(data, places)
        record, _ = _parsed(path, json.dumps(known).encode(), known, model)
        return record, tuple(map(_dotted, places))

    first = refused[0]
    field = f"field {_dotted(first['loc'])}: " if first["loc"] else ""
    hint = f" {NEWER}, with schema {data['schema_version']}." if _is_newer(data) else ""
    why = PLAIN.get(first["type"], first["msg"])
    raise UserError(f"{path} is not a {model.__name__} of this version of gan-bench: {field}{why}.{hint}")


def _is_newer(data: dict[str, Any]) -> bool:
    version = data.get("schema_version")
    return isinstance(version, int) and version > SCHEMA_VERSION


def _dotted(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place))


def _without(data: dict[str, Any], places: Sequence[Sequence[str | int]]) -> dict[str, Any]:
    """A copy without the fields at these places."""
    copy = json.loads(json.dumps(data))
    for *above, last in places:
        inside: Any = copy
        for step in above:
            inside = inside[step]
        del inside[last]
    return copy


def finished(path: Path, model: type[M], spec: Model) -> M | None:
    """The record at `path` if it is there, as it was written, made from exactly this spec and not failed.

    A divergence counts as finished: it would recur. One that cannot be read, or was edited, is warned about.
    """
    if not path.exists():
        return None
    try:
        record, _, edited, _ = read_contents(path, model)
    except UserError as error:
        log.warning("%s; it is made anew.", str(error).rstrip("."))
        return None
    if edited:
        log.warning("%s was edited since it was written; it is made anew.", path)
        return None

    same = getattr(record, "spec_hash", None) == spec_hash(spec)
    return record if same and getattr(record, "status", "done") != "failed" else None
