"""Arms on subsets of modalities: which there are, what they are called, what they are compared with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.contrasts import ContrastPair, plan_contrasts
from search_spaces.design.plan import plan_confirm_trials
from search_spaces.loading.load import load_text
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import SpaceErrors
from search_spaces.terms.trial import MODALITIES, Arm, Cell
from tests.search_spaces.example_spaces import CATALOGUE, DMD, SUBSETS, problems_of, space_of


def subsets_of(space: SearchSpace) -> list[Arm]:
    return [arm for arm in plan_arms(space, CATALOGUE) if arm.role == "subset"]


def test_one_modality_several_and_a_list_are_three_ways_to_write_a_subset() -> None:
    space = space_of("arms: {modalities: [language, audio+vision, [vision, language], ' audio ']}\n")
    assert [(arm.name, arm.label, arm.settings["modalities"]) for arm in subsets_of(space)] == [
        ("only-language", "language only", "language"),
        ("no-language", "w/o language", "audio+vision"),
        ("no-audio", "w/o audio", "language+vision"),
        ("only-audio", "audio only", "audio"),
    ]


def test_all_is_every_proper_subset_under_its_own_name() -> None:
    arms = subsets_of(space_of("arms: {modalities: all}\n"))
    assert {arm.settings["modalities"] for arm in arms} == set(SUBSETS) - {"+".join(MODALITIES)}
    assert len({arm.name for arm in arms}) == len({arm.label for arm in arms}) == len(arms) == 6


def test_a_subset_is_the_baseline_but_for_what_it_sees() -> None:
    space = space_of("arms: {ablation: {design: published}, modalities: [audio], models: [ridge], controls: true}\n")
    arms = plan_arms(space, CATALOGUE)
    assert [arm.name for arm in arms][6:] == ["only-audio", "ridge", "control"]
    baseline, subset = arms[0], arms[6]
    assert subset.components == baseline.components
    assert subset.settings == {**baseline.settings, "modalities": "audio"}
    trials = [plan_confirm_trials(arm, [{}], [1], Cell(), "c")[0] for arm in (baseline, replace(subset, name="full"))]
    assert len({trial.id for trial in trials}) == len({trial.configuration_id for trial in trials}) == 2


def test_every_subset_is_compared_with_the_baseline_and_with_no_ablation() -> None:
    space = space_of(
        "arms: {ablation: {components: [ca], design: leave_one_out}, modalities: [audio+vision, vision]}\n"
    )
    arms = plan_arms(space, CATALOGUE)
    assert plan_contrasts(space, arms, CATALOGUE.methods) == (
        ContrastPair("full", "no-ca", "CA"),
        ContrastPair("full", "no-language", "language"),
        ContrastPair("full", "only-vision", "language and audio"),
    )
    declared = space_of("arms: {modalities: [vision]}\ncontrasts: [[only-vision, dmd]]\n")
    (pair,) = plan_contrasts(declared, plan_arms(declared, CATALOGUE), CATALOGUE.methods)
    assert pair == ContrastPair("only-vision", "dmd", "language and audio")


@pytest.mark.parametrize(("scope", "owner"), [("baseline", "dmd"), ("per_arm", "only-audio")])
def test_a_subset_is_tuned_as_an_ablation_is(scope: str, owner: str) -> None:
    search = f"search: {{parameters: {{gamma: {{uniform: [0, 1]}}}}, scope: {scope}}}\n"
    space = space_of("arms: {modalities: [audio]}\n" + search)
    searches = plan_searches(space, CATALOGUE, plan_arms(space, CATALOGUE))
    assert [(search.arm, search.owner) for search in searches] == [("dmd", "dmd"), ("only-audio", owner)]


def test_the_space_reads_back_and_its_digest_knows_the_subsets() -> None:
    space = space_of("arms: {modalities: [[audio, vision], language]}\n")
    resolved = json.loads(json.dumps(space.resolved()))
    assert resolved["arms"]["modalities"] == ["audio+vision", "language"]
    assert SearchSpace.model_validate(resolved) == space
    assert len({space.digest, space_of().digest, space_of("arms: {modalities: all}\n").digest}) == 3


# What is written under `arms.modalities` (line 4 of the space), the key that is blamed, and words of the message.
MISTAKES = [
    ("langage", "arms.modalities", "must be `all` or a list of subsets"),
    ("[1]", "arms.modalities", "entry 1 must be one modality or several joined by +, got 1"),
    ("[[]]", "arms.modalities", "entry 1 must be one modality"),
    ("[audio+audio]", "arms.modalities", "entry 1 names a modality twice"),
    ("[audio, langage]", "arms.modalities[1]", "unknown modality 'langage'; did you mean 'language'?"),
    ("[audio+]", "arms.modalities[0]", "unknown modality ''"),
    ("[vision+language+audio]", "arms.modalities[0]", "has every modality, which is the baseline itself"),
    ("[audio+vision, [vision, audio]]", "arms.modalities[1]", "audio+vision stands twice; keep one"),
]


@pytest.mark.parametrize(("written", "path", "words"), MISTAKES)
def test_mistakes_are_said_once_at_their_place(written: str, path: str, words: str) -> None:
    (problem,) = problems_of(f"study: demo\ndata: {{path: toy.npz}}\nmodel: dmd\narms: {{modalities: {written}}}\n")
    assert (problem.path, problem.line) == (path, 4)
    assert words in problem.message


def test_what_the_model_sees_is_said_in_one_place() -> None:
    base = "study: demo\ndata: {path: toy.npz}\nmodel: {name: dmd, modalities: audio}\narms: {modalities: [vision]}\n"
    (fixed,) = problems_of(base)
    assert (fixed.path, fixed.line) == ("model.modalities", 3)
    search = "search: {parameters: {modalities: {choice: [audio, vision]}}}\n"
    (searched,) = problems_of(base.replace(", modalities: audio", "") + search)
    assert (searched.path, searched.line) == ("search.parameters.modalities", 5)


def test_a_subset_that_the_model_cannot_run_on_is_refused_with_the_reason() -> None:
    deaf = replace(DMD, find_conflict=lambda s: "it reads audio only" if "audio" not in str(s["modalities"]) else None)
    catalogue = Catalogue({"dmd": deaf}, ("mae",))
    text = "study: demo\ndata: {path: toy.npz}\nmodel: dmd\narms: {modalities: [audio, language+vision]}\n"
    with pytest.raises(SpaceErrors, match=r"arms.modalities\[1\]: language\+vision is impossible: it reads audio only"):
        load_text(text, catalogue)
