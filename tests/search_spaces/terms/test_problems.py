"""A problem is one line that says where and what."""

from __future__ import annotations

import pytest

from search_spaces.terms.problems import Problem, SpaceErrors, covers, join_path, show, suggest


def test_a_problem_reads_as_file_line_column_key_message() -> None:
    assert str(Problem(3, 7, "confirm.seeds", "must be whole, got 2.5", "a.yaml")) == (
        "a.yaml:3:7: confirm.seeds: must be whole, got 2.5"
    )
    assert str(Problem(None, None, "seed", "is wrong", "--set")) == "--set: seed: is wrong"
    assert str(Problem(None, None, "", "is empty", "a.yaml")) == "a.yaml: is empty"


def test_errors_print_one_line_per_problem() -> None:
    problems = [Problem(1, 1, "a", "x", "f"), Problem(2, 1, "b", "y", "f")]
    errors = SpaceErrors(problems)
    assert str(errors) == "f:1:1: a: x\nf:2:1: b: y"
    assert errors.problems == tuple(problems)


def test_paths_join_keys_and_positions() -> None:
    assert join_path("arms", "models", 1, "width") == "arms.models[1].width"
    assert join_path("contrasts", 0, 1) == "contrasts[0][1]"


@pytest.mark.parametrize(
    ("parent", "path", "expected"),
    [
        ("", "a", True),
        ("a", "a", True),
        ("a", "a.b", True),
        ("a", "a[0]", True),
        ("a", "ab", False),
        ("a.b", "a", False),
    ],
)
def test_a_path_covers_itself_and_what_lies_below(parent: str, path: str, expected: bool) -> None:
    assert covers(parent, path) is expected


def test_a_suggestion_names_the_nearest_or_lists_all() -> None:
    assert suggest("gama", ["gamma", "alpha"]) == "did you mean 'gamma'?"
    assert suggest("FD", ["fd", "ca"]) == "did you mean 'fd'?"
    assert suggest("zzz", ["gamma", "alpha"]) == "known: alpha, gamma"
    many = [f"dropout.{i}" for i in range(60)]
    assert suggest("zzz", ["gamma", *many, "clip.kind"]) == "known: clip.*, dropout.*, gamma"


def test_values_are_shown_short_and_in_the_words_of_yaml() -> None:
    assert show(True) == "true"
    assert len(show("x" * 1000)) < 80
