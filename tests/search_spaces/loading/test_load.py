"""Loading: every problem at once, each said once, at its line, with rule, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.loading.load import load, load_text
from search_spaces.terms.problems import SpaceErrors
from tests.search_spaces.example_spaces import BASE, CATALOGUE, problems_of

# What is appended to a sound space (its line 4 on), the key that is blamed, its place, and words of the message.
ONE_MISTAKE = [
    ("stdy: x", "stdy", (4, 1), "did you mean 'study'?"),
    ("confirm: {sead: 1}", "confirm.sead", (4, 11), "unknown key; did you mean 'seeds'?"),
    ("target: {kind: classes, names: [a, b]}", "target", (4, 1), "unknown key; write it into `data`"),
    ("seed: 1.5", "seed", (4, 7), "must be a whole number, got 1.5"),
    ("seed: '3'", "seed", (4, 7), "without quotes"),
    ("seed: true", "seed", (4, 7), "must be a whole number, got true"),
    ("seed: -1", "seed", (4, 7), "must be greater than or equal to 0"),
    ("description: 5", "description", (4, 14), "must be text, got 5; put it in quotes"),
    ("arms: 3", "arms", (4, 7), "must be a mapping"),
    ("arms: {controls: yes}", "arms.controls", (4, 18), "must be true or false, got 'yes'; write true"),
    ("arms: {controls: off}", "arms.controls", (4, 18), "write false"),
    ("arms: {ablation: {design: publshed}}", "arms.ablation.design", (4, 27), "did you mean 'published'?"),
    ("arms: {ablation: {components: [fd]}}", "arms.ablation", (4, 18), "either `design` or `rows`, got neither"),
    (
        "arms: {ablation: {design: factorial, rows: [{fd: true}]}}",
        "arms.ablation",
        (4, 18),
        "either `design` or `rows`, got both",
    ),
    ("arms: {ablation: {components: fd, design: factorial}}", "arms.ablation.components", (4, 31), "must be a list"),
    (
        "arms: {ablation: {components: [fd, hetero], design: factorial}}",
        "arms.ablation.components[1]",
        (4, 36),
        "unknown component 'hetero'; did you mean 'hetero_gd'?",
    ),
    (
        "arms: {ablation: {components: [ca], design: published}}",
        "arms.ablation.components",
        (4, 31),
        "name exactly these",
    ),
    ("arms: {ablation: {rows: [{fd: 1}]}}", "arms.ablation.rows[0].fd", (4, 31), "must be true or false, got 1"),
    ("arms: {ablation: {rows: [{caa: true}]}}", "arms.ablation.rows[0].caa", (4, 32), "did you mean 'ca'?"),
    ("arms: {ablation: {rows: [{fd: false}]}}", "arms.ablation.rows[0]", (4, 26), "homo_gd needs fd"),
    (
        "arms: {ablation: {rows: [{ca: false}, {ca: false}]}}",
        "arms.ablation.rows[1]",
        (4, 39),
        "the same combination stands twice",
    ),
    ("arms: {models: [rigde]}", "arms.models[0].name", (4, 17), "unknown method 'rigde'; did you mean 'ridge'?"),
    ("arms: {models: [{name: ridge, alpa: 1}]}", "arms.models[0].alpa", (4, 31), "did you mean 'alpha'?"),
    ("arms: {models: [{name: ridge, alpha: -1}]}", "arms.models[0].alpha", (4, 38), "at least 0, got -1"),
    ("arms: {models: [ridge, ridge]}", "arms.models[1]", (4, 24), "`arm: ridge-2`"),
    ("arms: {models: [dmd]}", "arms.models[0]", (4, 17), "another arm is called 'dmd'"),
    ("arms: {controls: true, models: [{name: ridge, arm: control}]}", "arms.models[0]", (4, 33), "'control'"),
    ("contrasts: all", "contrasts", (4, 12), "must be `auto` or a list of pairs"),
    ("contrasts: [[dmd, dmd]]", "contrasts", (4, 12), "compares 'dmd' with itself"),
    ("contrasts: [[dmd, rige]]\narms: {models: [ridge]}", "contrasts[0][1]", (4, 19), "did you mean 'ridge'?"),
    ("primary: test/mea", "primary", (4, 10), "unknown metric 'mea'; did you mean 'mae'?"),
    ("primary: valid/mae", "primary", (4, 10), "write test/mae"),
    ("primary: corr", "primary", (4, 10), "write test/corr"),
    ("search: {trials: 3}", "search.parameters", (4, 1), "the required key is missing"),
    ("search: {parameters: {}}", "search.parameters", (4, 22), "at least 1 item"),
    ("search: {parameters: {gama: {uniform: [0, 1]}}}", "search.parameters.gama", (4, 23), "did you mean 'gamma'?"),
    ("search: {parameters: {gamma: {unifom: [0, 1]}}}", "search.parameters.gamma", (4, 30), "did you mean 'uniform'?"),
    ("search: {parameters: {gamma: {uniform: [1, 0]}}}", "search.parameters.gamma", (4, 30), "low < high"),
    ("search: {parameters: {gamma: {uniform: [-1, 1]}}}", "search.parameters.gamma", (4, 30), "at least 0, got -1.0"),
    (
        "search: {parameters: {gamma: {int: [1, 3]}}}",
        "search.parameters.gamma",
        (4, 30),
        "write {uniform: [low, high]}",
    ),
    (
        "search: {parameters: {width: {uniform: [8, 9]}}}",
        "search.parameters.width",
        (4, 30),
        "write {int: [low, high]}",
    ),
    ("search: {parameters: {fd: {int: [0, 1]}}}", "search.parameters.fd", (4, 27), "write {choice: [true, false]}"),
    ("search: {parameters: {fd: {choice: [yes, no]}}}", "search.parameters.fd", (4, 27), "true or false, got 'yes'"),
    ("search: {parameters: {preset: {choice: [paper, official]}}}", "search.parameters.preset", (4, 23), "as arms"),
    ("search: {parameters: {gamma: {uniform: [0, .inf]}}}", "search.parameters.gamma.uniform[1]", (4, 44), "finite"),
    (
        "search: {parameters: {gamma: {uniform: [0, 1]}}, objective: test/mae}",
        "search.objective",
        (4, 61),
        "the search may only see validation metrics, never the test split, got 'test/mae'; write valid/mae",
    ),
    (
        "search: {parameters: {gamma: {uniform: [0, 1]}}, objective: valid/coor}",
        "search.objective",
        (4, 61),
        "did you mean 'corr'?",
    ),
    (
        "search: {parameters: {gamma: {uniform: [0, 1]}}, trials: 0}",
        "search.trials",
        (4, 58),
        "greater than or equal to 1",
    ),
    (
        "search: {parameters: {gamma: {uniform: [0, 1]}}, searcher: tpee}",
        "search.searcher",
        (4, 60),
        "did you mean 'tpe'?",
    ),
    (
        "search: {parameters: {gamma: {uniform: [0, 1]}, fd: {choice: [true, false]}}, trials: 3, searcher: grid}",
        "search.trials",
        (4, 87),
        "has 4 points",
    ),
    (
        "search: {parameters: {ca: {choice: [true, false]}}}\narms: {ablation: {design: factorial}}",
        "search.parameters.ca",
        (4, 23),
        "switched by arms.ablation",
    ),
    (
        "search: {scope: baseline, parameters: {lambda1: {uniform: [0, 1]}}}\narms: {ablation: {design: add_one}}",
        "search.parameters.lambda1",
        (4, 40),
        "has no effect in the baseline 'none'",
    ),
    ("confirm: {seeds: 0}", "confirm.seeds", (4, 18), "nothing would run"),
    ("confirm: {seeds: many}", "confirm.seeds", (4, 18), "a number of seeds, a list of whole numbers"),
    ("confirm: {seeds: [1, 1]}", "confirm.seeds", (4, 18), "must be distinct"),
    ("confirm: {seeds: {min: 5}, until: decided, smallest_effect: 1}", "confirm.seeds", (4, 18), "{min: 5, max: 20}"),
    ("confirm: {seeds: {min: 9, max: 5}, until: decided, smallest_effect: 1}", "confirm.seeds", (4, 18), "min < max"),
    ("confirm: {seeds: {min: 5, max: 20}}", "confirm", (4, 10), "add `until: decided`"),
    ("confirm: {seeds: {min: 5, max: 20}, until: decided}", "confirm", (4, 10), "add `smallest_effect: ...`"),
    ("confirm: {until: decided, smallest_effect: 0.1}", "confirm", (4, 10), "add `seeds: {min: 5, max: 20}`"),
    (
        "arms: {models: [ridge]}\nconfirm: {seeds: {min: 5, max: 20}, until: decided, smallest_effect: 0}",
        "confirm.smallest_effect",
        (5, 70),
        "greater than 0",
    ),
    (
        "confirm: {seeds: {min: 5, max: 20}, until: decided, smallest_effect: 1, top: 2}",
        "confirm",
        (4, 10),
        "one configuration per arm",
    ),
    (
        "confirm: {seeds: {min: 5, max: 20}, until: decided, smallest_effect: 1}",
        "confirm.until",
        (4, 44),
        "a race decides contrasts, and none is declared",
    ),
    ("confirm: {seeds: [1, 1001]}\narms: {controls: true}", "confirm.seeds", (4, 18), "1001 is in both"),
    ("confirm: {top: 2}", "confirm.top", (4, 16), "nothing is searched"),
    (
        "confirm: {seeds: [0, 1]}\nsearch: {parameters: {gamma: {uniform: [0, 1]}}}",
        "confirm.seeds",
        (4, 18),
        "confirm needs fresh seeds",
    ),
    (
        "confirm: {top: 9}\nsearch: {parameters: {gamma: {uniform: [0, 1]}}, trials: 8}",
        "confirm.top",
        (4, 16),
        "a search has 8 trials",
    ),
    ("resources: {cpu: 0}", "resources.cpu", (4, 18), "must be greater than 0, got 0"),
    ("resources: {gpu: 1.5}", "resources.gpu", (4, 18), "use 1 or 2"),
    ("resources: {workers: 0}", "resources.workers", (4, 22), "at least 1 or `auto`"),
    ("resources: {fuse: no}", "resources.fuse", (4, 19), "`auto` or `off`, got 'no'"),
    ("resources: {custom: {slot: -1}}", "resources.custom.slot", (4, 28), "must be greater than 0"),
    ("tracking: {url: x}", "tracking.url", (4, 12), "did you mean 'uri'?"),
    ("data: {path: x}", "data", (4, 1), "stands twice, first in line 2"),
]


@pytest.mark.parametrize(("more", "path", "place", "words"), ONE_MISTAKE, ids=[case[1] for case in ONE_MISTAKE])
def test_one_mistake_is_one_message_at_its_place(more: str, path: str, place: tuple[int, int], words: str) -> None:
    (problem,) = problems_of(BASE + more + "\n")
    assert problem.path == path
    assert (problem.line, problem.column) == place
    assert words in problem.message
    assert "\n" not in str(problem)


@pytest.mark.parametrize(
    ("model", "path", "column", "words"),
    [
        ("{name: dmdd}", "model.name", 15, "did you mean 'dmd'?"),
        ("{name: dmd, gama: 1}", "model.gama", 20, "unknown setting of dmd; did you mean 'gamma'?"),
        ("{name: dmd, gamma: high}", "model.gamma", 27, "must be a number, got 'high'"),
        ("{name: dmd, gamma: [1]}", "model.gamma", 27, "must be one word"),
        ("{name: dmd, gamma: }", "model.gamma", 27, "must be one word"),
        ("{name: dmd, width: 50.0}", "model.width", 27, "must be a whole number, got 50.0; drop the decimals"),
        ("{name: dmd, width: 2}", "model.width", 27, "must be at least 4, got 2"),
        ("{name: dmd, width: 2000}", "model.width", 27, "must be at most 1024"),
        ("{name: dmd, learning_rate: 0}", "model.learning_rate", 35, "must be above 0"),
        ("{name: dmd, kernel: {audio: 0}}", "model.kernel.audio", 36, "must be at least 1"),
        ("{name: dmd, kernel: {adio: 3}}", "model.kernel.adio", 29, "did you mean 'kernel.audio'?"),
        ("{name: dmd, gd.prior: offical}", "model.gd.prior", 30, "did you mean 'official'?"),
        ("{name: dmd, preset: papr}", "model.preset", 28, "did you mean 'paper'?"),
        ("{name: dmd, fd: false}", "model", 8, "homo_gd needs fd"),
        ("{gamma: 1}", "model.name", 1, "the required key is missing"),
        ("[dmd]", "model", 8, "must be a mapping"),
    ],
)
def test_settings_are_checked_against_the_method(model: str, path: str, column: int, words: str) -> None:
    (problem,) = problems_of(f"study: demo\ndata: {{path: x}}\nmodel: {model}\n")
    assert (problem.path, problem.line) == (path, 3)
    assert words in problem.message
    assert problem.column == column


def test_a_switched_component_cannot_be_fixed_too() -> None:
    text = BASE.replace("{name: dmd}", "{name: dmd, ca: true, gamma: 1}")
    (problem,) = problems_of(text + "arms: {ablation: {design: leave_one_out}}\n")
    assert (problem.path, problem.column) == ("model.ca", 20)
    (problem,) = problems_of(text + "search: {parameters: {gamma: {uniform: [0, 1]}}}\n")
    assert "fixed as model.gamma; remove one" in problem.message


def test_a_model_without_components_has_no_ablation() -> None:
    (problem,) = problems_of(BASE.replace("name: dmd", "name: ridge") + "arms: {ablation: {design: factorial}}\n")
    assert "ridge has no components to switch" in problem.message


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = """\
data: {folds: vido}
model: {name: dmd, gama: 1}
arms: {ablation: {components: [fdd], design: publshed}, models: [rige]}
primary: test/mea
search:
  parameters: {gamma: {uniform: [2, 1]}, alpha: {uniform: [-1, 1]}}
  objective: test/mae
confirm: {sed: 1}
"""
    found = [(problem.line, problem.path) for problem in problems_of(text, "resources.cpu=-1", "nonsense")]
    assert found == [
        (1, "data.path"),
        (1, "study"),
        (1, "data.folds.by"),
        (2, "model.gama"),
        (3, "arms.ablation.components[0]"),
        (3, "arms.ablation.design"),
        (3, "arms.models[0].name"),
        (4, "primary"),
        (6, "search.parameters.gamma"),
        (6, "search.parameters.alpha"),
        (7, "search.objective"),
        (8, "confirm.sed"),
        (None, ""),
        (None, "resources.cpu"),
    ]


def test_load_reads_a_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(BASE, encoding="utf-8")
    assert load(path, CATALOGUE, ["seed=4"]).seed == 4
    path.write_text(BASE + "seed: x\n", encoding="utf-8")
    with pytest.raises(SpaceErrors) as caught:
        load(path, CATALOGUE)
    assert str(caught.value).startswith(f"{path}:4:7: seed: must be a whole number, got 'x'")


WORDS = (
    "study data path folds model name arms ablation rows design models search parameters gamma uniform choice confirm "
    "seeds resources custom contrasts primary"
)
KEYS = st.sampled_from(WORDS.split())
LEAVES = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.text("abcfd/{}[]:", max_size=5)
)
CONTENT = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, CONTENT, max_size=6))
def test_no_content_escapes_as_anything_but_problems(content: dict[str, object]) -> None:
    text = yaml.safe_dump({"study": "demo", "data": {"path": "x"}, "model": {"name": "dmd"}} | content)
    try:
        load_text(text, CATALOGUE)
    except SpaceErrors as errors:
        assert errors.problems
        assert len(str(errors).splitlines()) == len(errors.problems)


@settings(max_examples=150, deadline=None)
@given(st.text("ab:{}[]-&*!|>'\"#\n\t \\%@`,?<", max_size=40))
def test_no_text_escapes_as_anything_but_problems(text: str) -> None:
    with pytest.raises(SpaceErrors):
        load_text(text, CATALOGUE)
