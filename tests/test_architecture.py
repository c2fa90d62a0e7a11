"""The star of packages, read from the imports themselves."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import architecture
from scripts.architecture import order_rooms
from scripts.architecture_rules import FLOORS, FRONT, HUB, LEAVES, MOST_MODULES, PACKAGES

ROOT = Path(__file__).parent.parent


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert len(found) > 3, f"{package} should have modules"
    return found


def imported(path: Path) -> Iterator[str]:
    """Full names of everything that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def test_every_arrow_starts_at_the_hub_or_before_it() -> None:
    arrows = {
        (package, name.split(".")[0])
        for package in PACKAGES
        for path in modules(package)
        for name in imported(path)
        if name.split(".")[0] in PACKAGES and name.split(".")[0] != package
    }
    assert {arrow for arrow in arrows if arrow[0] != FRONT} == {(HUB, leaf) for leaf in LEAVES}
    assert (FRONT, HUB) in arrows


def test_modules_import_each_other_without_a_cycle() -> None:
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for package in PACKAGES for p in modules(package)}
    graph = {name: {target for target in imported(path) if target in names} for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for target in graph[name]:
                visit(target, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())
    assert len(done) > 60


def test_no_module_is_named_after_nothing() -> None:
    empty_names = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [p for package in PACKAGES for p in modules(package) if p.stem in empty_names] == []


RETIRED = (
    "ADMITTED",
    "Admitted",
    "Answers",
    "Assignment",
    "BadArchive",
    "BertParcel",
    "Cargo",
    "ClusterRoom",
    "Constrained",
    "ContrastReach",
    "DataParcel",
    "EverySeed",
    "Foresight",
    "GivenTrial",
    "HEADS_KEPT",
    "Inbox",
    "KnownResult",
    "Lane",
    "LaneKey",
    "LookRow",
    "Looks",
    "Losses",
    "MakeConfirms",
    "NO_ROOM",
    "NodeUnfit",
    "Pace",
    "Parcel",
    "ParcelDesk",
    "Peers",
    "Questions",
    "Racer",
    "RayStates",
    "RaySupply",
    "Reach",
    "SealBroken",
    "SearchMemory",
    "Seat",
    "SilenceWatch",
    "Standings",
    "StateDesk",
    "Supply",
    "TrainedElsewhere",
    "TravellingState",
    "TrialRoom",
    "Unpacked",
    "WeightedSum",
    "Workspace",
    "_Ear",
    "_FORGETFUL",
    "_LaneState",
    "_part",
    "_settle_manifest",
    "_take_look",
    "_take_over",
    "answer_cells",
    "answer_in",
    "answers_by_metric",
    "at_home",
    "attempt_together",
    "blame_process",
    "bring_home",
    "certain_from",
    "cluster_room",
    "collect_cautions",
    "company",
    "count_earlier_looks",
    "count_gone",
    "crowding_of",
    "describe_memory",
    "detailed_arms",
    "deviation_of",
    "disarm",
    "dragged",
    "drop_nonexistent",
    "end_now",
    "end_writers_in",
    "expect_want_of_memory",
    "files_here",
    "find_obstacles",
    "foresee",
    "foresee_store",
    "forgets",
    "further_goals",
    "give_all_back",
    "given_runs",
    "given_trials",
    "has_decided",
    "has_news",
    "heard_signals",
    "idle",
    "is_of_process",
    "key_of",
    "leave_lost_terminal",
    "let_tune_run_outside",
    "look_back",
    "looking_at",
    "looks_sentence",
    "lost_workers_named",
    "make_confirms",
    "make_data_parcel",
    "make_racer",
    "may_go_on",
    "measure_room",
    "next_repeat",
    "no_verdict_words",
    "nothing_known",
    "nothing_needed",
    "num_refused",
    "of_arm",
    "of_sum",
    "open_supply",
    "questions",
    "reach_of",
    "reach_sentence",
    "require_modest",
    "say_when_stopped",
    "seat",
    "seats",
    "selection_sentence",
    "set_aside",
    "settle_given",
    "settle_scale",
    "settle_workers",
    "shown_by",
    "stand_by_median",
    "standing_sentences",
    "starts_of",
    "stop_limit",
    "stoppable_start",
    "take_look",
    "take_seat",
    "take_share",
    "taken_as_written",
    "tell_apart",
    "train_share",
    "unheard",
    "what_decides",
)
"""Identifiers that were replaced by words of the field or of the trade; sorted, and used no more."""


def names_in(path: Path) -> set[str]:
    """Every identifier of a module: of what it defines, imports, reads and passes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found.update(
            name
            for field in ("id", "attr", "name", "arg", "asname")
            if isinstance(name := getattr(node, field, None), str)
        )
    return found


def test_retired_words_stay_retired() -> None:
    assert list(RETIRED) == sorted(set(RETIRED))
    used = {path.relative_to(ROOT): names_in(path) & set(RETIRED) for package in PACKAGES for path in modules(package)}
    assert {path: words for path, words in used.items() if words} == {}


def private_uses(path: Path, libraries: frozenset[str] = frozenset({"ray", "optuna"})) -> list[str]:
    """Private names of these libraries that a module imports, reads off what it has imported, or inherits."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    theirs: set[str] = set()
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in libraries:
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            theirs.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            full = [alias.name for alias in node.names if alias.name.split(".")[0] in libraries]
            theirs.update(name.split(".")[0] for name in full)
        else:
            continue
        found.extend(name for name in full if any(map(is_private, name.split("."))))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and root_of(node) in theirs:
            found.append(node.attr)
        elif isinstance(node, ast.ClassDef) and any(root_of(base) in theirs for base in node.bases):
            found.extend(inherited_private_names(node))
    return found


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def root_of(node: ast.expr) -> str | None:
    """The name that a chain of attributes begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def inherited_private_names(node: ast.ClassDef) -> list[str]:
    """Private attributes of ``self`` that the class reads and does not define."""
    own = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
    read = [part for part in ast.walk(node) if isinstance(part, ast.Attribute) and is_private(part.attr)]
    own |= {part.attr for part in read if isinstance(part.ctx, ast.Store)}
    return sorted({part.attr for part in read if root_of(part) == "self" and part.attr not in own})


def test_private_names_of_ray_and_optuna_are_used_in_the_files_for_them_alone() -> None:
    using = {path.relative_to(ROOT).as_posix() for path in modules(HUB) if private_uses(path)}
    assert using <= {
        "orchestration/ray_backend/private_cluster_api.py",
        "orchestration/ray_backend/private_tune_api.py",
        "orchestration/search/private_api.py",
    }


def test_a_private_name_is_found_however_it_is_used(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "import ray\nfrom optuna.samplers import TPESampler\nfrom ray.air._internal import Thing\n"
        "ray._private.worker.x = 1\nray.get(1)\n"
        "class Own(TPESampler):\n    def f(self):\n        self._mine = self._rng\n        return self._mine\n"
    )
    assert sorted(private_uses(path)) == ["_private", "_rng", "ray.air._internal.Thing"]


def test_every_package_is_listed_for_installation_and_tests_are_not() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        ".".join(p.parent.relative_to(ROOT).parts)
        for package in PACKAGES
        for p in (ROOT / package).rglob("__init__.py")
    }
    assert listed == found


def test_packages_form_a_star_and_libraries_have_one_home_each() -> None:
    assert architecture.find_library_breaches(ROOT) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_rooms_import_those_below_them_only(package: str) -> None:
    assert architecture.find_room_breaches(architecture.read_house(ROOT, package)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_public_names_of_a_package_are_sorted_and_exist(package: str) -> None:
    """Constants, then classes, then functions, as ruff sorts them; each is imported when it is asked for."""
    module = importlib.import_module(package)
    names: list[str] = module.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(getattr(module, name).__name__ == name for name in names if not name.isupper())
    assert all(hasattr(module, name) for name in names)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_is_listed_once(package: str) -> None:
    assert len(set(FLOORS[package])) == len(FLOORS[package])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_is_in_it_and_where_to_begin(package: str) -> None:
    for path in [p for p in modules(package) if p.name == "__init__.py"]:
        doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(doc.splitlines()) >= 3, f"{path.relative_to(ROOT)} says too little"
        named = [path.parent / name for name in re.findall(r"``([\w/]+\.py)``", doc)]
        assert named, f"{path.relative_to(ROOT)} names no file to read first"
        assert all(place.is_file() for place in named), f"{path.relative_to(ROOT)} names a file that is not there"


def write_modules(root: Path, modules_by_path: dict[str, str]) -> Path:
    """A checkout that holds these modules alone."""
    for path, text in modules_by_path.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return root


def test_what_breaks_a_rule_is_named(tmp_path: Path) -> None:
    root = write_modules(
        tmp_path,
        {
            "orchestration/process/errors.py": "from orchestration.ledger.events import Event\n",
            "orchestration/ledger/events.py": "import ray\n",
            "reports/text/rounding.py": "from dmd.errors import DmdError\n",
            "orchestration/launch.py": "import dmd_search\n",
            **{f"dmd/losses/loss{number}.py": "" for number in range(MOST_MODULES + 1)},
        },
    )
    breaches = architecture.find_breaches(root)
    assert "orchestration.process.errors imports orchestration.ledger.events, which lies above it" in breaches
    assert "orchestration/ledger/events.py imports ray, whose home is orchestration/ray_backend/" in breaches
    assert "reports/text/rounding.py imports dmd, which reports may not" in breaches
    assert "orchestration/launch.py imports dmd_search, which orchestration may not" in breaches
    assert "dmd/losses has 21 modules, more than 20" in breaches


def test_rooms_of_an_older_tree_are_ordered_with_few_arrows_running_up() -> None:
    """a -> b -> c -> a is a circle, of which one arrow must run up; d hangs below it."""
    arrows = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")]
    order = order_rooms("abcd", arrows)
    assert order[-1] == "d"
    assert sum(order.index(start) > order.index(end) for start, end in arrows) == 1
