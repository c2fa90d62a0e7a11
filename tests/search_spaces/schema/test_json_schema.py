"""The schema that editors use: it is the one of this code, and never objects to what loads."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.planning.method_catalogue import describe_methods
from search_spaces.loading.document import parse_document
from search_spaces.loading.load import load_text
from search_spaces.loading.packaged import find_space, packaged_spaces
from search_spaces.schema.json_schema import SCHEMA_FILE, schema_text, space_schema
from search_spaces.terms.problems import SpaceErrors

CATALOGUE = describe_methods()
BROKEN = Path(__file__).parents[1] / "broken"
PLAIN = jsonschema.Draft202012Validator(space_schema())
FULL = jsonschema.Draft202012Validator(space_schema(CATALOGUE))
TEXTS = {name: find_space(name).read_text(encoding="utf-8") for name in packaged_spaces() if name != "presets"}
REST = [
    "seed: 3\n",
    "limits: {wall_time: 2h}\n",
    "limits: {trial_timeout: 2h}\n",
    "limits: {silence: null, trial_timeout: 2h}\n",
    "tracking: {uri: null}\n",
    "description: x\n",
    "arms:\n",
    "confirm: {top: 1}\n",
    "search: {parameters: {gamma: {uniform: [0, 1]}}, scheduler: {asha: {grace: 3, reduction: 4}}}\n",
    "search: {parameters: {gamma: {uniform: [0, 1]}}, scheduler: {median: }}\n",
]


def test_the_file_beside_the_spaces_is_up_to_date() -> None:
    remedy = "run: python -m search_spaces.schema.json_schema > search_spaces/space.schema.json"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text(), remedy


def test_an_editor_shows_what_a_key_means() -> None:
    """The lines under ``Attributes:`` of a section stand at its keys, also those that go on in a second line."""
    sections = space_schema()["$defs"]
    assert sections["Limits"]["description"] == (
        "Where the study ends although it could continue; raise a limit and the same command continues."
    )
    assert sections["Limits"]["properties"]["trials"]["description"] == (
        "number of trials; then no further trial starts, and running ones end."
    )
    assert sections["LabelScale"]["properties"]["high"]["description"] == "largest possible label."
    assert sections["Resources"]["properties"]["custom"]["description"] == (
        "amounts of resources that a Ray cluster declares, as ``{a100: 1}``."
    )
    assert "Attributes:" not in schema_text()


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_packaged_space_names_the_schema_and_satisfies_it(name: str) -> None:
    head = TEXTS[name].splitlines()[0]
    assert head == f"# yaml-language-server: $schema={SCHEMA_FILE.name}"
    content = parse_document(TEXTS[name], name).content
    for validator in (PLAIN, FULL):
        validator.check_schema(validator.schema)
        assert [error.message for error in validator.iter_errors(content)] == []


@st.composite
def edited_spaces(draw: st.DrawFn) -> str:
    """A packaged space with a line taken out, doubled, or a word changed for one from elsewhere, and more sections."""
    lines = TEXTS[draw(st.sampled_from(sorted(TEXTS)))].splitlines(keepends=True)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(["drop", "double", "word", "dedent"]))
        if change == "drop":
            del lines[place]
        elif change == "double":
            lines.insert(place, lines[place])
        elif change == "dedent":
            lines[place] = lines[place].lstrip()
        else:
            word = draw(
                st.sampled_from(["0", "true", "null", "[]", "{}", "dmd", "0.5", "-1", "tpe", "valid/mae", "'", ":"])
            )
            cut = draw(st.integers(0, len(lines[place])))
            lines[place] = f"{lines[place][:cut].rstrip()} {word}\n"
    return "".join(lines) + draw(st.sampled_from(["", *REST]))


@settings(max_examples=250, deadline=None)
@given(edited_spaces())
@example(TEXTS["ablation"].replace("arms:\n  ablation:", "  ablation:"))
def test_an_edited_space_loads_or_has_problems_at_its_lines_and_what_loads_satisfies_the_schema(text: str) -> None:
    try:
        load_text(text, CATALOGUE, source="edited.yaml")
    except SpaceErrors as errors:
        num_lines = text.count("\n") + 1
        assert errors.problems
        assert all(problem.line is None or 1 <= problem.line <= num_lines for problem in errors.problems)
        assert all(line.startswith("edited.yaml") and len(line) < 1000 for line in str(errors).splitlines())
        return
    content = parse_document(text, "edited.yaml").content
    assert [error.message for error in PLAIN.iter_errors(content)] == []
    assert [error.message for error in FULL.iter_errors(content)] == []


# What a schema can see: unknown keys, types, ranges of single values, unknown words.
@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("unknown-*.yaml")))
def test_an_editor_underlines_unknown_keys_and_words(name: str) -> None:
    content = parse_document((BROKEN / f"{name}.yaml").read_text(encoding="utf-8"), name).content
    is_known_by_names = name not in ("unknown-component", "unknown-contrast-arm", "unknown-parameter")
    assert (not FULL.is_valid(content)) == is_known_by_names, "names of arms, components and parameters are not in it"
