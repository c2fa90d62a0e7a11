"""The spaces that come with the product: found by name, sound against the real catalogue, and what they promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.planning.method_catalogue import describe_methods
from reports.sections.paper_tables.labels import label_key
from reports.sections.paper_tables.published import method_rows
from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.contrasts import plan_contrasts
from search_spaces.design.plan import confirm_seeds
from search_spaces.loading.load import load
from search_spaces.loading.packaged import find_space, packaged_spaces
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.problems import SpaceErrors
from tests.search_spaces.example_spaces import size_of

CATALOGUE = describe_methods()


def packaged(name: str) -> SearchSpace:
    return load(find_space(name), CATALOGUE)


def test_the_spaces_are_there_and_sound() -> None:
    named = {"quickstart", "ablation", "search", "unimodal", "mult", "iemocap", "meld", "sims"}
    assert named <= set(packaged_spaces())
    for name in packaged_spaces():
        assert plan_arms(packaged(name), CATALOGUE)


@pytest.mark.parametrize("name", ["ablation", "ablation.yaml", "ablation.yml"])
def test_a_bare_name_finds_the_packaged_space(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_space(name).samefile(find_space("ablation"))


def test_a_file_here_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ablation.yaml").write_text("study: mine\n", encoding="utf-8")
    assert find_space("ablation.yaml") == Path("ablation.yaml")


@pytest.mark.parametrize("name", ["ablatoin", "./ablation", "sub/ablation.yaml", "", ".", "\0", "x" * 5000])
def test_what_is_nowhere_is_refused_with_the_names_there_are(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpaceErrors) as caught:
        find_space(name)
    assert "quickstart" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(SpaceErrors, match="did you mean 'quickstart'"):
        find_space("quikstart")


def test_the_ablation_is_the_published_design_with_ridge_and_control_tuned_in_every_fold() -> None:
    space = packaged("ablation")
    arms = plan_arms(space, CATALOGUE)
    heads = ["no-hetero_gd-heads", "no-homo_gd-heads"]
    assert [arm.name for arm in arms][5:] == ["none", *heads, "ridge", "control"]
    assert [pair.in_family for pair in plan_contrasts(space, arms, CATALOGUE.methods)] == [True] * 7 + [False] * 3
    size = size_of(space, CATALOGUE, num_file_folds=5)
    num_seeds = len(confirm_seeds(space))
    assert num_seeds >= 5
    # 8 arms of DMD are tuned with a budget of their own; ridge has no parameter here, the control takes the baseline's
    assert (size.num_search, size.num_confirm) == (8 * 5 * 8, 10 * 5 * num_seeds)
    assert space.search is not None
    assert set(space.search.parameters) == {"gamma", "lambda1", "lambda2", "alpha", "learning_rate"}


def test_the_presets_stand_as_arms_at_equal_budget_and_width() -> None:
    space = packaged("presets")
    arms = {arm.name: arm for arm in plan_arms(space, CATALOGUE)}
    assert list(arms) == ["dmd", "official", "official-each-batch", "ridge"]
    paper, official, each_batch = (arms[name].settings for name in ("dmd", "official", "official-each-batch"))
    assert (paper["preset"], official["preset"]) == ("paper", "official")
    assert {n for n in official if official[n] != each_batch[n]} == {"accumulation.steps"}
    for name in ("width", "heads", "levels", "max_epochs", "patience"):
        assert paper[name] == official[name]
    searches = {search.arm: search for search in plan_searches(space, CATALOGUE, tuple(arms.values()))}
    assert searches["dmd"].parameters == searches["official"].parameters
    assert {name: search.owner for name, search in searches.items()} == {
        "dmd": "dmd",
        "official": "official",
        "official-each-batch": "official-each-batch",
        "ridge": None,
    }


def test_the_quickstart_needs_no_file_searches_and_confirms() -> None:
    space = packaged("quickstart")
    size = size_of(space, CATALOGUE)
    assert space.data.path.startswith("planted:")
    assert len(space.contrasts) == 2
    assert 0 < size.num_search <= 8
    assert 0 < size.num_confirm <= 30


def test_the_search_varies_weights_and_components() -> None:
    space = packaged("search")
    assert space.search is not None
    assert {"gamma", "lambda1", "lambda2", "alpha", "fd", "homo_gd", "ca", "hetero_gd"} == set(space.search.parameters)
    assert (space.search.searcher, space.search.scheduler.name) == ("tpe", "asha")


SIZES = ("width", "heads", "levels", "max_epochs", "patience")


def test_one_modality_stands_alone_with_and_without_decoupling_beside_reading_a() -> None:
    space = packaged("unimodal")
    arms = {arm.name: arm for arm in plan_arms(space, CATALOGUE)}
    reading_a = arms["dmd"]
    assert reading_a.components == {"fd": True, "homo_gd": False, "ca": False, "hetero_gd": False}
    assert reading_a.settings["keep_aux_heads"] is True
    alone = {name: arm for name, arm in arms.items() if arm.model == "unimodal"}
    assert {name: (arm.settings["modality"], arm.components["fd"]) for name, arm in alone.items()} == {
        f"{modality}{suffix}": (modality, fd)
        for modality in ("language", "audio", "vision")
        for suffix, fd in (("", False), ("-fd", True))
    }
    assert all(arm.settings[name] == reading_a.settings[name] for arm in alone.values() for name in SIZES)
    pairs = {
        (pair.first, pair.second): pair.isolates
        for pair in plan_contrasts(space, tuple(arms.values()), CATALOGUE.methods)
    }
    assert pairs == {(f"{m}-fd", m): "FD" for m in ("language", "audio", "vision")} | {
        (m, "median"): "" for m in ("language", "audio", "vision")
    }
    searches = {search.arm: search for search in plan_searches(space, CATALOGUE, tuple(arms.values()))}
    assert set(searches["audio"].parameters) == {"learning_rate", "kernel.audio"}
    assert set(searches["audio-fd"].parameters) == {"learning_rate", "kernel.audio", "gamma", "lambda1"}
    assert searches["median"].owner is None
    size = size_of(space, CATALOGUE, num_file_folds=5)
    assert (size.num_search, size.num_confirm) == (7 * 5 * 6, 8 * 5 * 3)


def test_mult_is_compared_at_the_size_of_dmd_with_and_without_gd() -> None:
    space = packaged("mult")
    arms = {arm.name: arm for arm in plan_arms(space, CATALOGUE)}
    assert [(arm.name, arm.model) for arm in arms.values()] == [
        ("dmd", "dmd"), ("mult", "mult"), ("mult-gd", "mult"), ("mult-heads", "mult")
    ]  # fmt: skip
    assert all(arms["dmd"].components.values())
    assert {name: arm.components for name, arm in arms.items() if arm.model == "mult"} == {
        "mult": {"ca": True, "gd": False}, "mult-gd": {"ca": True, "gd": True}, "mult-heads": {"ca": True, "gd": False}
    }  # fmt: skip
    assert arms["mult-heads"].settings == {**arms["mult"].settings, "keep_aux_heads": True}
    assert all(arm.settings[name] == arms["dmd"].settings[name] for arm in arms.values() for name in SIZES)
    assert [
        (pair.first, pair.second, pair.isolates)
        for pair in plan_contrasts(space, tuple(arms.values()), CATALOGUE.methods)
    ] == [
        ("mult-gd", "mult", "GD"),  # its heads and their supervision included
        ("mult-gd", "mult-heads", "GD's distillation"),
        ("dmd", "mult", ""),
        ("dmd", "mult-gd", ""),
    ]
    searches = {search.arm: search for search in plan_searches(space, CATALOGUE, tuple(arms.values()))}
    assert set(searches["mult-gd"].parameters) - set(searches["mult"].parameters) == {"lambda2"}
    assert set(searches["mult-heads"].parameters) == set(searches["mult"].parameters)
    size = size_of(space, CATALOGUE, num_file_folds=5)
    assert (size.num_search, size.num_confirm) == (4 * 5 * 6, 4 * 5 * 3)


@pytest.mark.parametrize(("name", "dataset"), [("paper-mosi", "CMU-MOSI"), ("paper-mosei", "CMU-MOSEI")])
def test_the_paper_s_tables_have_every_method_that_there_is_as_published(name: str, dataset: str) -> None:
    space = packaged(name)
    arms = {arm.name: arm for arm in plan_arms(space, CATALOGUE)}
    by_label = {label_key(method.label): method.name for method in CATALOGUE.methods.values()}
    printed = {row.method for row in method_rows() if row.dataset == dataset}
    there = {by_label[label_key(method)] for method in printed if label_key(method) in by_label}
    assert len(there) >= 8
    assert there <= {arm.model for arm in arms.values()}
    # Table 3 and its edges, Table 5, and nothing tuned on anything.
    assert {"full", "no-hetero_gd", "no-ca", "no-ca-hetero_gd", "only-fd", "none", "mult-gd"} <= set(arms)
    pairs = {(pair.first, pair.second): pair for pair in plan_contrasts(space, tuple(arms.values()), CATALOGUE.methods)}
    assert {pair.isolates for pair in pairs.values()} >= {
        "FD",
        "HomoGD",
        "HeteroGD given CA",
        "CA without HeteroGD",
        "GD",
    }
    assert space.search is None
    assert confirm_seeds(space) == (1111, 1112, 1113, 1114, 1115)
    assert str(arms["full"].settings["preset"]).startswith("official")
    assert size_of(space, CATALOGUE).num_confirm == 5 * len(arms)


def test_table_4_is_measured_where_it_was_printed_in_both_readings() -> None:
    arms = {arm.name: arm for arm in plan_arms(packaged("paper-mosei"), CATALOGUE)}
    alone = {(arm.settings["modality"], arm.components["fd"]) for arm in arms.values() if arm.model == "unimodal"}
    assert alone == {(modality, fd) for modality in ("language", "vision", "audio") for fd in (True, False)}
    heads = arms["fd-heads"]
    assert heads.components == {"fd": True, "homo_gd": False, "ca": False, "hetero_gd": False}
    assert heads.settings["keep_aux_heads"] is True
    sizes = ("width", "heads", "levels", "kernel.vision", "learning_rate", "accumulation.steps", "mask_padding")
    assert all(arms["vision-fd"].settings[name] == heads.settings[name] for name in sizes)


@pytest.mark.parametrize(
    ("name", "kind", "primary", "num_search", "num_confirm"),
    [
        ("iemocap", "binaries", "weighted_f1", 8 * 8, 10 * 5),
        ("meld", "classes", "weighted_f1", 6 * 8, 8 * 5),
        ("sims", "several", "mae", 10 * 8, 12 * 5),
    ],
)
def test_emotion_spaces_say_what_is_predicted_and_compare_dmd_with_every_other_arm(
    name: str, kind: str, primary: str, num_search: int, num_confirm: int
) -> None:
    space = packaged(name)
    assert space.data.target is not None
    assert (space.data.target.kind, space.primary_metric, space.objective_metric) == (kind, primary, primary)
    arms = plan_arms(space, CATALOGUE)
    pairs = plan_contrasts(space, arms, CATALOGUE.methods)
    assert {(pair.first, pair.second) for pair in pairs} == {("dmd", arm.name) for arm in arms[1:]}
    assert {"ridge", "median"} <= {arm.name for arm in arms}
    size = size_of(space, CATALOGUE)
    assert (size.num_search, size.num_confirm) == (num_search, num_confirm)


def test_the_iemocap_space_is_also_one_of_four_classes_by_one_word() -> None:
    space = load(find_space("iemocap"), CATALOGUE, ("data.target.kind=classes",))
    assert space.data.target is not None
    assert (space.data.target.kind, space.data.target.names) == ("classes", ("neutral", "happy", "sad", "angry"))
