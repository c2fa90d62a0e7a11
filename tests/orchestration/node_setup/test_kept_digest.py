"""The digest of code is read once per content, and never from a cache that holds something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.node_setup.cache import CACHE_VARIABLE
from orchestration.node_setup.kept_digest import kept_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    made = tmp_path / "package"
    made.mkdir()
    (made / "module.py").write_text("a = 1\n")
    return made


def test_the_same_files_are_read_once_and_changed_ones_again(package: Path) -> None:
    answers = iter(["0123456789ab", "ba9876543210"])
    assert kept_digest(package, lambda _: next(answers)) == "0123456789ab"
    assert kept_digest(package, lambda _: next(answers)) == "0123456789ab", "kept"
    (package / "module.py").write_text("a = 2\n")
    assert kept_digest(package, lambda _: next(answers)) == "ba9876543210"


def test_a_renamed_module_is_another_package(package: Path) -> None:
    answers = iter(["0123456789ab", "ba9876543210"])
    first = kept_digest(package, lambda _: next(answers))
    (package / "module.py").rename(package / "other.py")
    assert kept_digest(package, lambda _: next(answers)) != first


def test_a_damaged_or_missing_cache_only_costs_time(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_digest(package, lambda _: "0123456789ab")
    (kept,) = (package.parent / "cache").iterdir()
    kept.write_text("half a dig")
    assert kept_digest(package, lambda _: "0123456789ab") == "0123456789ab"
    assert kept.read_text() == "0123456789ab", "mended"
    monkeypatch.setenv(CACHE_VARIABLE, str(package / "module.py" / "no-folder"))
    assert kept_digest(package, lambda _: "ba9876543210") == "ba9876543210"
