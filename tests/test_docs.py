"""Documents name files, links, keys and settings that exist, and leave none of them out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dmd.declaration import Method
from dmd.registry import METHODS
from dmd.settings import fields_of
from orchestration.planning.method_catalogue import describe_methods
from scripts import spaces_reference
from search_spaces.loading.load import load

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
SPACES = (DOCS / "spaces.md").read_text()
BASELINES = {name: m for name, m in METHODS.items() if m.settings.__module__.startswith("dmd.baselines.")}
SCHEMA = json.loads((ROOT / "search_spaces" / "space.schema.json").read_text())
TOP = r"(?:benchmarks|deploy|dmd|docs|findings|orchestration|reports|scripts|search_spaces|tests)"

Keys = Mapping[str, str]


def read_table(heading: str, page: str = SPACES) -> dict[str, str]:
    """The first two columns of the tables below one heading (or below all): key -> default."""
    text = page if not heading else page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return {row[0].removeprefix("| ").strip("`"): row[1] for row in rows}


def keys_of(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys of a search space with their defaults as shown; those of entries of a list stand below the list."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    for option in schema.get("anyOf", ()):
        yield from keys_of(option, prefix)
    if "items" in schema and isinstance(schema["items"], dict):
        yield from keys_of(schema["items"], prefix)
    for name, value in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        yield key, "required" if name in schema.get("required", ()) else show(value.get("default"))
        yield from keys_of(value, f"{key}.")


def show(default: Any) -> str:
    """A default as the page writes it."""
    if default is None:
        return "absent"
    if default in ([], {}):
        return "none"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`".replace("`False`", "`false`")


def test_every_key_of_a_space_is_described_with_its_default() -> None:
    shown = read_table("")
    sections = {name for name, value in SCHEMA["properties"].items() if "$ref" in str(value)}
    expected = {key: default for key, default in keys_of(SCHEMA) if key not in sections}
    values = ("search.parameters.", "confirm.seeds.")  # forms of a value, not keys of a section
    expected = {key: default for key, default in expected.items() if not key.startswith(values)}
    expected["confirm.details"] = "`true`"
    assert len(expected) > 50
    assert {key: shown.get(key) for key in expected} == expected


def test_the_tables_of_keys_and_settings_are_those_of_the_code() -> None:
    assert spaces_reference.write_page(SPACES) == SPACES, "run: make reference"


def test_no_key_and_no_setting_is_without_a_meaning_or_its_values() -> None:
    """A new one needs a line: under `Attributes:` of its section or configuration, or beside the setting."""
    rows = [line.split(" | ") for _, text in spaces_reference.generated_parts() for line in text.splitlines()]
    rows = [row for row in rows if row[0].startswith("| `")]
    assert len(rows) > 75 + 190
    assert [row[0] for row in rows if len(row) != 4 or not row[2] or not row[3].removesuffix("|").strip()] == []


def test_values_and_defaults_are_told_in_words_by_hand() -> None:
    shown = {row.name: (row.default, row.values) for row in spaces_reference.key_rows()}
    assert shown["data.folds.k"] == ("`5`", "whole number, 3 to 1000")
    assert shown["resources.cpu"] == ("`1`", "number, above 0, at most 1,000,000")
    assert shown["resources.workers"] == ("`1`", "whole number, at least 1 or `auto`")
    assert shown["limits.wall_time"] == ("absent", "text, as `90m`, `2h`, `1d 12h`")
    assert shown["confirm.missing.rates"] == ("none", "list of (number, 0 to 0.7)")
    assert shown["search.scheduler.median.min_trials"] == ("`5`", "whole number, 1 to 100,000")
    assert shown["study"] == ("required", "a name of letters, digits, `.`, `_`, `-`")


@pytest.mark.parametrize("form", ["log_uniform", "uniform", "int", "choice", "when"])
def test_every_form_of_a_distribution_is_described(form: str) -> None:
    assert re.search(rf"\b{form}: [\[{{]", SPACES)


def test_every_setting_of_every_method_is_described_with_its_default() -> None:
    shown = read_table("Settings of the methods")
    methods = {name: schema for name, schema in describe_methods().methods.items() if name not in BASELINES}
    settings = {setting.name: setting for schema in methods.values() for setting in schema.settings.values()}
    assert set(shown) == set(settings)
    dmd = methods["dmd"].settings
    defaults = {name: str(setting.default).lower() for name, setting in dmd.items() if setting.kind != "float"}
    assert len(defaults) > 40
    for name, default in defaults.items():
        assert shown[name].split(";")[0].lower() == f"`{default}`", name
    for name, setting in dmd.items():
        if setting.kind == "float":
            assert float(shown[name].split(";")[0].strip("`")) == setting.default, name


@pytest.mark.parametrize("method", BASELINES.values(), ids=list(BASELINES))
def test_every_setting_of_every_baseline_is_described_with_its_default(method: Method) -> None:
    """A section of docs/baselines.md each: its own settings, and its own defaults of training."""
    shown = read_table(f"{method.shown} (`{method.name}`)", (DOCS / "baselines.md").read_text())
    own = {part.name: part.default for part in fields_of(method.settings)}
    assert shown == {name: show(default).lower() for name, default in {**own, **method.training}.items()}


def test_every_default_search_that_the_page_lists_is_the_declared_one() -> None:
    rows = re.findall(
        r"^\| (\w+) \| (`.*) \|$", SPACES.split("### Default searches")[1].split("\n## ")[0], re.MULTILINE
    )
    methods = describe_methods().methods
    assert [name for name, _ in rows] == ["dmd", "mult", "unimodal"]
    for name, cell in rows:
        switches = set(methods[name].component_names)
        assert set(re.findall(r"`([\w.]+)`", cell)) - switches == set(methods[name].search), name


def test_every_example_of_a_space_is_accepted(tmp_path: Path) -> None:
    parts = re.findall(r"```yaml\n(.*?)```", SPACES, re.DOTALL)
    whole, *sections = parts
    assert len(sections) > 8
    for example in (whole, *sections):
        content = yaml.safe_load(whole) | yaml.safe_load(example)
        if example is not whole and "arms" in yaml.safe_load(example):
            content["contrasts"] = "auto"
        path = tmp_path / "space.yaml"
        path.write_text(yaml.safe_dump(content))
        load(path, describe_methods())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    named = {path.rstrip("/") for path in re.findall(rf"`({TOP}/[\w./-]*[\w/])`", text)}
    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link}
    missing = [path for path in sorted(named) if not (ROOT / path).exists()]
    missing += [link for link in sorted(links) if link and not (page.parent / link).exists()]
    assert not missing


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text()
    assert [
        page.name for page in DOCS.glob("*.md") if page.name != "README.md" and f"]({page.name})" not in index
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_heading_that_a_link_leads_to_exists(page: Path) -> None:
    missing = []
    for link in re.findall(r"\]\(([^)\s]*#[^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path if path else page).read_text()
        headings = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        if anchor not in anchors:
            missing.append(link)
    assert not missing
