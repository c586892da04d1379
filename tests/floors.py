"""Print pip constraints that pin every dependency of pyproject.toml, `dev` among them, to its lower bound.

`name>=x` becomes `name==x`, and `name==x` stays. One without a lower bound is refused: nothing says what to test.

    python3 tests/floors.py > constraints.txt && pip install -c constraints.txt -e '.[dev]'
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^]]*\])?\s*[>=]=\s*([\w.]+)")  # name[extras]>=version


def pin(requirement: str) -> str:
    """The constraint for one requirement: its name and the lowest version that it admits."""
    found = REQUIREMENT.match(requirement)
    if found is None:
        raise SystemExit(f"{requirement!r} declares no lower bound, name>=version")
    return "{}=={}".format(*found.groups())


def main() -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    sys.stdout.writelines(f"{pin(requirement)}\n" for requirement in requirements)


if __name__ == "__main__":
    main()
