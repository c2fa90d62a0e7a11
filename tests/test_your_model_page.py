"""The page on a model of one's own is the file that the tests run."""

from __future__ import annotations

import re
from pathlib import Path

from tests.orchestration.cli.test_plugin import MODEL, SPACE

PAGE = Path(__file__).parent.parent.joinpath("docs/your-model.md").read_text(encoding="utf-8")


def test_the_page_shows_what_is_tested() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert shown.split("\n", 1)[1] == MODEL.split("\n", 1)[1]
    (space,) = re.findall(r"```yaml\n# mine\.yaml\n(.*?)```", PAGE, re.DOTALL)
    assert space.replace("my_model.py", "models/my_model.py") == SPACE
    assert len(MODEL.splitlines()) <= 45
