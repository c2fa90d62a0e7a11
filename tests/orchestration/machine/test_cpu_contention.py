"""How busy the machine is is measured where something runs on it, and not where nothing does."""

from __future__ import annotations

import pytest

from orchestration.machine import cpu_contention as measured


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of threads whose share was measured: one gets a whole processor, more get half of one each."""
    asked: list[int] = []

    def share(num_threads: int) -> float:
        asked.append(num_threads)
        return 1.0 if num_threads == 1 else 0.5

    monkeypatch.setattr(measured, "_processor_share", share)
    return asked


def pretend(monkeypatch: pytest.MonkeyPatch, ticks: list[int], quota: str) -> None:
    """A machine whose processors have been busy for these ticks, one after the other, under a limit."""
    lines = iter(f"cpu  {busy} 0 0 1000 500 0 0 0 0 0\n" for busy in ticks)
    monkeypatch.setattr(measured, "_read", lambda path: next(lines) if path == "/proc/stat" else quota)
    monkeypatch.setattr(measured, "num_cpus", lambda: 2)


def test_nothing_is_measured_on_an_idle_machine(monkeypatch: pytest.MonkeyPatch, shares: list[int]) -> None:
    pretend(monkeypatch, [100, 101], "max 100000")
    assert measured.cpu_contention(1, 2) == 1.0
    assert shares == []


def test_more_threads_than_processors_are_measured(monkeypatch: pytest.MonkeyPatch, shares: list[int]) -> None:
    pretend(monkeypatch, [100, 100], "max 100000")
    assert measured.cpu_contention(1, 3) == 2.0
    assert shares == [1, 3]


def test_a_busy_machine_is_measured(monkeypatch: pytest.MonkeyPatch, shares: list[int]) -> None:
    pretend(monkeypatch, [100, 110], "-1")
    assert measured.cpu_contention(1, 2) == 2.0
    assert shares == [1, 2]


def test_an_idle_machine_under_a_quota_is_measured(monkeypatch: pytest.MonkeyPatch, shares: list[int]) -> None:
    pretend(monkeypatch, [100, 100], "150000 100000")
    assert measured.cpu_contention(1, 2) == 2.0
    assert shares == [1, 2]


def test_a_system_that_does_not_tell_is_measured(monkeypatch: pytest.MonkeyPatch, shares: list[int]) -> None:
    monkeypatch.setattr(measured, "_read", lambda path: "")
    assert measured.cpu_contention(1, 3) == 2.0
    assert shares == [1, 3]
