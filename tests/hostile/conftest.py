"""One container for all hostile files, and the file that none of them may make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.contained import Container


@pytest.fixture(scope="session")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    made = Container(tmp_path_factory.mktemp("contained"))
    yield made
    made.close()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that hostile files try to make; who executes one makes it."""
    return tmp_path / "canary"
