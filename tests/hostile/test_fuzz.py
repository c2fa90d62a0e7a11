"""Readers fed with noise and with sound files that were altered: data, or an error of their own, and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import load_dataset
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.samples.target import Target
from dmd.data.untrusted.unpickle import load_pickle
from dmd.errors import DataError
from orchestration.ledger.events import check_line, encode_event
from orchestration.planning.method_catalogue import describe_methods
from search_spaces.loading.load import load_text
from search_spaces.loading.packaged import find_space, packaged_spaces
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import SpaceErrors
from tests.dmd.pickles.write_pickle import make_content
from tests.hostile.archives import pack, sound_members
from tests.hostile.junk import spoiled
from tests.hostile.pickles import BOMBS, GADGETS
from tests.hostile.sequences import sound_folder

CANARY = Path("/nonexistent/canary")
SHORT, LONG = 200, 5_000
LENGTHS = [pytest.param(SHORT, id="short"), pytest.param(LONG, id="long", marks=pytest.mark.long)]
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]

Cut = tuple[float, float, bytes]


@cache
def seeds() -> tuple[bytes, ...]:
    """Sound and hostile pickles, to be altered."""
    sound = [pickle.dumps(make_content(), protocol=protocol) for protocol in range(5)]
    small = [content for write in (*GADGETS.values(), *BOMBS.values()) if len(content := write(CANARY)) < 10_000]
    return (*sound, *small)


@cache
def catalogue() -> Catalogue:
    return describe_methods()


def altered(content: bytes, cuts: list[Cut]) -> bytes:
    """``content`` with some stretches replaced by other bytes."""
    for start, length, new in cuts:
        place = int(start * len(content))
        content = content[:place] + new + content[place + int(length * 8) :]
    return content


cuts = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.binary(max_size=6)), max_size=5)


def examine(num: int, strategy: st.SearchStrategy, look: Callable) -> None:
    """Run ``look`` on so many examples."""
    settings(max_examples=num, deadline=None, suppress_health_check=SHARED)(given(strategy)(look))()


@pytest.mark.parametrize("num", LENGTHS)
def test_pickles(num: int) -> None:
    def look(example: bytes) -> None:
        try:
            load_pickle(example, "data.pkl")
        except DataError as error:
            assert str(error).startswith("data.pkl: ")
            assert "\n" not in str(error)

    sources = st.integers(0, len(seeds()) - 1).map(lambda place: seeds()[place])
    examine(num, st.one_of(st.binary(max_size=200), st.builds(altered, sources, cuts)), look)


@pytest.mark.parametrize("num", LENGTHS)
def test_archives(num: int, tmp_path: Path) -> None:
    path = tmp_path / "data.npz"

    def look(example: bytes) -> None:
        path.write_bytes(example)
        try:
            load_dataset(path)
        except DataError as error:
            assert all(line.startswith("data.npz: ") for line in str(error).split("\n"))

    sources = st.sampled_from([pack(sound_members(), method) for method in (0, 8)])
    examine(num, st.builds(altered, sources, cuts), look)


@pytest.mark.parametrize("num", LENGTHS)
def test_contents_of_pickles(num: int) -> None:
    four = Target("classes", ("a", "b", "c", "d"))
    declarations = (Declared(), Declared(modalities=("audio",)), Declared(for_prediction=True), Declared(target=four))
    for seed in range(num):
        try:
            read_mmsa(spoiled(seed), "data.pkl", declarations[seed % len(declarations)])
        except DataError as error:
            assert all(line.startswith("data.pkl: ") for line in str(error).split("\n"))


@pytest.mark.parametrize("num", LENGTHS)
def test_sequences(num: int, tmp_path: Path) -> None:
    folder = sound_folder(tmp_path / "csd")
    content = (folder / "audio.csd").read_bytes()

    def look(example: bytes) -> None:
        (folder / "audio.csd").write_bytes(example)
        try:
            load_dataset(folder)
        except DataError as error:
            assert all(line.startswith(("csd: ", "csd/audio.csd: ")) for line in str(error).split("\n"))

    examine(num // 4, st.builds(altered, st.just(content), cuts), look)


@pytest.mark.parametrize("num", LENGTHS)
def test_spaces(num: int) -> None:
    def look(example: str) -> None:
        try:
            load_text(example, catalogue())
        except SpaceErrors as errors:
            assert errors.problems
            assert all("\n" not in str(problem) for problem in errors.problems)

    texts = st.sampled_from([find_space(name).read_bytes() for name in packaged_spaces()])
    spoiled = st.builds(altered, texts, cuts).map(lambda content: content.decode(errors="replace"))
    words = st.lists(
        st.sampled_from(
            [*"[]{}:,-?&*!|>'\"#%@` \n\t", "a", "study", "<<", "*a", "&a ", "!!python/name:os ", "1e9", ".inf", "\0"]
        )
    ).map("".join)
    examine(num, st.one_of(st.text(max_size=300), words, spoiled), look)


@pytest.mark.parametrize("num", LENGTHS)
def test_ledger_lines(num: int) -> None:
    from orchestration.ledger.events import Event

    line = encode_event(Event(3, 5, "tell", {"trial_id": "t", "record": {"arm": "a"}}))

    def look(example: bytes) -> None:
        checked = check_line(example)
        if checked is not None:
            try:
                checked.decode()
            except ValueError as error:
                assert "\n" not in str(error)

    examine(num, st.one_of(st.binary(max_size=100), st.builds(altered, st.just(line), cuts)), look)
