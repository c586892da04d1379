"""Tables with fixed columns as Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from gan_bench.core.errors import UserError, first_line
from gan_bench.core.files import atomic_path


def write_table(table: pd.DataFrame, path: Path, checked: bool = False) -> None:
    """Write a table, whole or not at all. Texts that repeat take little room in such a file. Raises CannotWrite.

    checked  with checksums, by which `read_table` knows a damaged one: of a file whose digest stands nowhere else
    """
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd", write_page_checksum=checked)


def read_table(path: Path, columns: Sequence[str], what: str) -> pd.DataFrame:
    """These columns of a table. Raises UserError where the file is absent or not such a table; `what` says what it is not."""
    try:
        return pd.read_parquet(path, page_checksum_verification=True)[list(columns)]
    except (OSError, ValueError, KeyError, ArrowException) as error:
        raise UserError(f"{path} is not {what} ({first_line(error)}).") from error
