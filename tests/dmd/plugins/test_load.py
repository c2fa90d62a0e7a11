"""A user's own file: executed once, checked line by line, every problem said."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmd.errors import ConfigurationError
from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import PluginFile, read_plugin
from dmd.registry import METHODS, known_methods

pytestmark = pytest.mark.usefixtures("no_method_stays")

GOOD = """\
from dataclasses import dataclass
from torch import nn
from dmd.declaration import Component, LossTerm, Method, Phase, PublishedRows, setting
from typing import Literal

@dataclass(frozen=True)
class Settings:
    hidden: int = setting(8, "width", low=1, high=64)
    extra: bool = setting(True, "a part")
    weight: float = setting(0.1, "of a term", low=0, high=1)

class Model(nn.Module):
    def __init__(self, settings, dims):
        super().__init__()

METHOD = Method("own", Settings, Model, components=(Component("extra"),))
"""


def use(*contents: str) -> None:
    use_plugins([PluginFile(f"file{i}.py", content) for i, content in enumerate(contents)])


def problems_of(*contents: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        use(*contents)
    return str(refused.value).split("\n")


def test_a_declared_method_is_known_until_other_plugins_are_used() -> None:
    use(GOOD)
    method = known_methods()["own"]
    assert (method.origin, method.digest) == ("file0.py", PluginFile("other", GOOD).digest)
    use(GOOD.replace('"own"', '"other"'))
    assert known_methods().keys() - METHODS.keys() == {"other"}


def test_content_alone_decides_the_digest() -> None:
    assert PluginFile("a", GOOD).digest == PluginFile("b", GOOD).digest != PluginFile("a", GOOD + "\n").digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("import Component", "import Nothing", "file0.py:3: ImportError: cannot import name 'Nothing'"),
        ("from torch import nn", "import not_there_at_all", "file0.py:2: ModuleNotFoundError: No module named"),
        ("class Model(nn.Module):", "class Model(nn.Module)", "file0.py:12: SyntaxError"),
        ("METHOD = Method(", "METHOD = (lambda *a, **k: 0)(", "declares no method; write `METHOD = Method(...)`"),
        (", low=1, high=64)", ")", "setting 'hidden' has no bounds; write setting(8, ..., low=..., high=...)"),
        ("setting(8,", "setting(80,", "setting 'hidden': its default must be at most 64, got 80"),
        ('Component("extra")', 'Component("missing")', "component 'missing' is no setting; add `missing: bool"),
        ('Component("extra")', 'Component("hidden")', "component 'hidden' must be a setting that is true or false"),
        (
            'Component("extra")',
            'Component("extra", needs=("b",))',
            "component 'extra' needs 'b', which is no",
        ),
        ('"own"', '"dmd"', "a method 'dmd' is the package's own already; rename it"),
        ("hidden: int", "batch_size: int", "setting 'batch_size' is one that every method has; rename it"),
        ("hidden: int", "hidden: list", "a setting has a type that is none of bool, int, float, str"),
        ("@dataclass(frozen=True)", "@dataclass", "`settings` must be frozen; write @dataclass(frozen=True)"),
        ("components=", 'losses=(LossTerm("t", ("extra",)),), components=', "loss term 't' is weighed by 'extra'"),
        ("components=", 'search={"hiden": {"int": [1, 2]}}, components=', "search names 'hiden', which is no"),
        (
            "components=",
            'search={"hidden": {"int": [0, 2]}}, components=',
            "search of 'hidden': must be at least 1, got 0",
        ),
        ("components=", 'search={"hidden": {"between": [1, 2]}}, components=', "unknown form 'between'"),
        (
            "hidden: int = setting(8",
            "hidden: Literal[1, 8] = setting(8",
            "the values of Literal must be texts, got (1, 8)",
        ),
        (
            'Component("extra"),)',
            'Component("extra"))',
            "`components` must be a tuple of Component, as (Component(...),), got",
        ),
        (
            'Component("extra")',
            'Component("extra", parts="lstm")',
            "`parts` of Component 'extra' must be a tuple of texts",
        ),
        ('Component("extra")', 'Component("extra", "a|b")', "`label` of Component 'extra' must be a text of one line"),
        ("components=", "smallest_batch='2', components=", "`smallest_batch` must be a whole number of at least 1"),
        ("components=", "phases=(Phase('a'), Phase('a')), components=", "two phases have one name"),
        ("components=", 'published=PublishedRows((("extra",), ()), (0, 1)), components=', "tuple of pairs of rows"),
        ("components=", 'published=PublishedRows((("extra"), ())), components=', "tuple of tuples"),
        ("components=", 'search={"hidden": {"int": [9, 2]}}, components=', "low below high, got [9, 2]"),
        (
            "components=",
            "find_conflict=lambda s: 1 / 0, components=",
            "`find_conflict` fails: file0.py:16: ZeroDivision",
        ),
        ("components=", "inactive=lambda s: [], components=", "`inactive` must answer with a frozenset, got []"),
        (
            "METHOD =",
            "from .near import x\nMETHOD =",
            "relative import with no known parent package; install it, or write",
        ),
        ("METHOD =", "raise SystemExit(0)\nMETHOD =", "file0.py:16: SystemExit: ends the program with 0; put what"),
        ("components=", 'presets={"p": {"weight": 3}}, components=', "preset 'p': weight must be at most 1, got 3"),
    ],
)
def test_a_bad_plugin_is_told_in_one_line(old: str, new: str, said: str) -> None:
    assert old in GOOD
    lines = problems_of(GOOD.replace(old, new, 1))
    assert len(lines) == 1, lines
    assert said in lines[0]
    assert lines[0].startswith("plugin file0.py")


def test_all_problems_of_all_files_are_told_at_once() -> None:
    first = GOOD.replace(", low=1, high=64)", ")").replace('Component("extra")', 'Component("missing")')
    lines = problems_of(first, "1 / 0", GOOD.replace('"own"', '"ridge"'))
    assert [line.split(":")[0] for line in lines] == ["plugin file0.py"] * 2 + ["plugin file1.py", "plugin file2.py"]


def test_two_plugins_cannot_have_a_method_of_one_name() -> None:
    assert problems_of(GOOD, GOOD) == ["plugin file1.py: a method 'own' is one of file0.py already; rename it"]


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b"\xff\xfe", "is no UTF-8 text")])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"mine\.py: {said}"):
        read_plugin(path)


def test_two_components_of_one_label_cannot_be_told_apart() -> None:
    both = GOOD.replace("extra: bool", "other: bool = setting(True)\n    extra: bool")
    (line,) = problems_of(both.replace('Component("extra")', 'Component("extra", "A"), Component("other", "A")'))
    assert "two components have the label 'A'" in line


def test_a_module_beside_the_plugin_would_not_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "near_the_plugin.py").write_text("x = 1")
    (tmp_path / "mine.py").write_text("def f():\n    import near_the_plugin.y\nimport near_the_plugin\n" + GOOD)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"line [23] imports near_the_plugin from the plugin's own folder"):
        use_plugins([read_plugin(tmp_path / "mine.py")])


def test_what_a_plugin_prints_is_no_result_of_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    use("print('hello')\n" + GOOD)
    assert capsys.readouterr() == ("", "hello\n")


def test_a_method_of_the_package_may_be_built_upon() -> None:
    use("from dmd.baselines.lf_lstm import METHOD as BASE\n" + GOOD)
    assert known_methods().keys() - METHODS.keys() == {"own"}


def test_the_loaders_own_future_imports_are_none_of_the_plugins() -> None:
    use(GOOD + "\ndef f(x: int): ...\nassert f.__annotations__ == {'x': int}\n")


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(GOOD, encoding="utf-8-sig")
    use_plugins([read_plugin(tmp_path / "mine.py")])
    assert "own" in known_methods()
