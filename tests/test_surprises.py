"""``docs/surprises.md`` names tests, scripts and decisions that exist; scripts say what they show."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "surprises.md").read_text()
SCRIPTS = sorted((ROOT / "findings").glob("*.sh"))


def test_every_test_named_there_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 40
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^ *(def|class) {name}\b", (ROOT / "tests" / path).read_text(), re.MULTILINE)
    ]
    assert not missing


def test_every_decision_named_there_exists() -> None:
    decisions = {int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md")}
    named = [int(number) for number in re.findall(r"decisions? (?:\d+ and )?(\d+)", PAGE)]
    assert named
    assert set(named) <= decisions


def test_scripts_named_there_exist_and_all_can_be_run() -> None:
    assert set(re.findall(r"\(\.\./findings/([\w-]+\.sh)\)", PAGE)) <= {path.name for path in SCRIPTS}
    for path in SCRIPTS:
        assert os.access(path, os.X_OK), path
        head = path.read_text().split("set -euo pipefail")[0]
        for word in ("Versions", "Expected", "Seen", "Matters"):
            assert f"# {word:<9} " in head, (path.name, word)
