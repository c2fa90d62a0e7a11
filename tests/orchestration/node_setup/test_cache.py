"""What a study needs on one node: one copy, made once, whole or not there."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from dmd.data.formats.load import convert_dataset, open_dataset
from dmd.data.formats.memory_mapped import read_mapped
from dmd.errors import DataError
from orchestration.node_setup.cache import CACHE_VARIABLE, cache_directory, cached_folder

PLANTED = "planted:num_videos=6,clips_per_video=2"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def content_hash() -> str:
    return open_dataset(PLANTED).content_hash


def digest_of(folder: Path) -> str:
    return read_mapped(folder, verify=True).content_hash


def ask(content_hash: str, log: Path) -> None:
    """What a worker does; a line for each time that it had to fetch."""

    def fill(folder: Path) -> None:
        with log.open("a") as file:
            file.write("filled\n")
        convert_dataset(PLANTED, folder)

    assert read_mapped(cached_folder(content_hash, fill, digest_of)).content_hash == content_hash


def test_processes_that_come_together_or_late_share_one_copy(cache: Path, content_hash: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    log = tmp_path / "log"
    workers = [context.Process(target=ask, args=(content_hash, log)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ask(content_hash, log)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert log.read_text() == "filled\n"
    assert {path.name for path in cache.iterdir()} == {content_hash, f"{content_hash}.lock"}


def test_a_copy_that_was_cut_off_is_made_anew(cache: Path, content_hash: str) -> None:
    def cut_off(folder: Path) -> None:
        convert_dataset(PLANTED, folder)
        (folder / "audio.npy").write_bytes(b"half")
        raise ConnectionError("the driver went away")

    with pytest.raises(ConnectionError):
        cached_folder(content_hash, cut_off, digest_of)
    assert {path.name for path in cache.iterdir()} == {f"{content_hash}.lock"}
    place = cached_folder(content_hash, lambda folder: convert_dataset(PLANTED, folder), digest_of)
    assert len(read_mapped(place)) == 12


def test_a_copy_that_somebody_emptied_to_have_the_room_is_made_anew(cache: Path, content_hash: str) -> None:
    for _ in range(2):
        place = cached_folder(content_hash, lambda folder: convert_dataset(PLANTED, folder), digest_of)
        assert len(read_mapped(place)) == 12
        for file in place.iterdir():
            file.unlink()


def test_other_or_damaged_data_are_refused_and_not_kept(cache: Path, content_hash: str) -> None:
    def other(folder: Path) -> None:
        convert_dataset(f"{PLANTED},seed=1", folder)

    def damaged(folder: Path) -> None:
        convert_dataset(PLANTED, folder)
        with (folder / "audio.npy").open("r+b") as file:
            file.seek(-1, 2)
            file.write(b"\x01")

    for fill, words in ((other, "the file has changed"), (damaged, "audio.npy: not the content that was converted")):
        with pytest.raises(DataError, match=words) as refused:
            cached_folder(content_hash, fill, digest_of)
        assert "\n" not in str(refused.value)
    assert {path.name for path in cache.iterdir()} == {f"{content_hash}.lock"}


def test_without_a_wish_the_cache_is_where_programs_keep_such_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/dmd-search")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/one")
    assert cache_directory() == Path("/home/one/.cache/dmd-search")
