"""One finished study for all tests of this folder, which only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestration.finished_study.small_study import run_study


@pytest.fixture(scope="package")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's directory."""
    return run_study(tmp_path_factory.mktemp("finished"))
