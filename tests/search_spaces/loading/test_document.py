"""YAML in: plain values with their places; hostile or broken text: one clear problem, soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from search_spaces.loading import document
from search_spaces.loading.document import MAX_BYTES, Mark, parse_document, parse_value, read_document
from search_spaces.terms.problems import SpaceErrors


@pytest.fixture(params=["CBaseLoader", "BaseLoader"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers that PyYAML may come with."""
    name: str = request.param
    monkeypatch.setattr(document, "_LOADER", getattr(yaml, name))
    return name


def fatal(text: str) -> str:
    with pytest.raises(SpaceErrors) as caught:
        parse_document(text, "a.yaml")
    (problem,) = caught.value.problems
    return str(problem)


def test_values_and_places(parser: str) -> None:
    parsed = parse_document("a: 1e-3\nb:\n  - x: 'on'\n  - \"12\"\n", "a.yaml")
    assert parsed.content == {"a": 0.001, "b": [{"x": "on"}, "12"]}
    assert parsed.key_marks["b"] == Mark(2, 1)
    assert parsed.value_marks["b[0].x"] == Mark(3, 8)
    assert parsed.value_marks["b[1]"] == Mark(4, 5)


def test_a_key_that_stands_twice_is_reported_with_both_lines(parser: str) -> None:
    parsed = parse_document("a: 1\nb: {c: 1, c: 2}\na: 3\n", "a.yaml")
    assert [str(problem) for problem in parsed.problems] == [
        "a.yaml:2:11: b.c: the key stands twice, first in line 2; keep one",
        "a.yaml:3:1: a: the key stands twice, first in line 1; keep one",
    ]
    assert parsed.content["a"] == 1


def test_merge_keys_give_way_to_own_keys(parser: str) -> None:
    parsed = parse_document("base: &b {x: 1, y: 2}\nother: {y: 3, <<: *b}\n", "a.yaml")
    assert parsed.content["other"] == {"x": 1, "y": 3}
    assert parsed.value_marks["other.y"] == Mark(2, 12)
    assert not parsed.problems


def test_earlier_mappings_of_a_merge_list_win() -> None:
    parsed = parse_document("a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n", "a.yaml")
    assert parsed.content["c"] == {"x": 1, "z": 3}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "a.yaml:", "is empty"),
        ("# only a comment\n", "a.yaml:", "is empty"),
        ("- a\n- b\n", "a.yaml:1:1:", "must be a mapping"),
        ("just words", "a.yaml:1:1:", "must be a mapping"),
        ("a: [1, 2\nb: 3\n", "a.yaml:2:2:", "not valid YAML"),
        ("a: b: c\n", "a.yaml:1:5:", "not valid YAML"),
        ("a:\n\tb: 1\n", "a.yaml:2:1:", "not valid YAML"),
        ("a: *missing\n", "a.yaml:1:4:", "not valid YAML"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1:", "not valid YAML"),
        ("a: \x00\n", "a.yaml:", "not valid YAML"),
        ("x: !!python/object/apply:os.system [echo]\n", "a.yaml:1:4:", "tags are not allowed"),
        ("x: !!int 3\n", "a.yaml:1:4:", "tags are not allowed"),
    ],
)
def test_text_that_is_no_space_gives_one_problem(parser: str, text: str, place: str, words: str) -> None:
    message = fatal(text)
    assert message.startswith(place)
    assert words in message
    assert "\n" not in message


def alias_bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (alias_bomb(), "aliases unfold"),
        ("a: &a\n  <<: *a\n  b: 1\n", "aliases unfold"),
        ("a: &a [*a]\n", "aliases unfold"),
        ("[" * 100_000, "nested deeper"),
        ("a: " + "{b: " * 5_000, "nested deeper"),
        ("".join(f"k{i}: 1\n" for i in range(60_000)), "more than"),
    ],
    ids=["alias-bomb", "merge-loop", "alias-loop", "deep-lists", "deep-maps", "many-keys"],
)
def test_bombs_are_refused_soon(parser: str, text: str, words: str) -> None:
    start = time.perf_counter()
    assert words in fatal(text)
    assert time.perf_counter() - start < 5


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 1000)
    with pytest.raises(SpaceErrors, match="at most 1000000 bytes"):
        read_document(path)


def test_bytes_that_are_no_utf8_are_placed(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"study: demo\ndescription: caf\xe9\n")
    with pytest.raises(SpaceErrors) as caught:
        read_document(path)
    assert str(caught.value).startswith(f"{path}:2:17: the file must be UTF-8, byte 0xe9 is not")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfstudy: demo\n")
    assert read_document(path).content == {"study": "demo"}


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: None], ids=["folder", "missing"])
def test_a_path_that_cannot_be_read_is_a_problem(tmp_path: Path, make: object) -> None:
    path = tmp_path / "x.yaml"
    make(path)  # type: ignore[operator]
    with pytest.raises(SpaceErrors, match="cannot be read"):
        read_document(path)


def test_small_faults_are_collected(parser: str) -> None:
    parsed = parse_document("a: .inf\n[b, c]: 1\nd: {<<: 3}\n", "a.yaml")
    assert [(problem.line, problem.path) for problem in parsed.problems] == [(1, "a"), (2, ""), (3, "d")]


@pytest.mark.parametrize("text", ['a: "\\ud800"', "a: \udcff"])
def test_text_that_is_no_unicode_is_refused(parser: str, text: str) -> None:
    try:
        problems = parse_document(text, "a.yaml").problems
    except SpaceErrors as errors:
        problems = errors.problems
    assert len(problems) == 1


def test_single_values_of_overrides() -> None:
    assert parse_value("[fd, 1e-2, true]", "--set") == ["fd", 0.01, True]
    assert parse_value("", "--set") is None
    with pytest.raises(SpaceErrors):
        parse_value(".nan", "--set")
