"""What a study plans before it starts, over the real methods and planted data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import dmd.modalities
from dmd.data.formats.load import open_dataset
from dmd.job import FoldRef
from orchestration.driver.fallback_scores import score_failure
from orchestration.extension.extend import extend_study
from orchestration.launch import LaunchOptions, launch
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.node_setup.fingerprint import code_digest
from orchestration.past_studies.write_report import rebuild_report
from orchestration.planning.arm_difference import describe_arm
from orchestration.planning.make_source import make_source
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import Prepared, deciding_facts, prepare
from orchestration.process.errors import UsageError
from reports.records.run_record import RunRecord
from search_spaces.design.subsets import SUBSET_SETTING, proper_subsets
from search_spaces.loading.load import load, load_text
from search_spaces.loading.packaged import find_space, packaged_spaces
from search_spaces.terms.problems import SpaceErrors
from search_spaces.terms.trial import MODALITIES
from tests.orchestration.toy_studies import state_of

SPACE = """\
study: planned
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: dmd, width: 8, heads: 2, levels: 1, max_epochs: 2}
arms: {ablation: {design: factorial}, models: [ridge], controls: true}
search:
  parameters:
    gamma: {log_uniform: [0.01, 1.0]}
    lambda2: {uniform: [0.0, 0.5]}
    learning_rate: {uniform: [0.001, 0.01]}
  trials: 3
confirm: {seeds: 2}
"""


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(load_text(SPACE, describe_methods()), None)


def test_every_arm_is_proved_to_differ(prepared: Prepared) -> None:
    planned = prepared.planned
    assert len(planned.arms) == 11 + 2  # all feasible combinations, ridge, control
    proofs = {arm.name: describe_arm(arm, planned)["differs_from_baseline"] for arm in planned.arms}
    assert "without modules crossmodal_attention" in proofs["no-ca"]
    assert "dtl/hetero/logit" in proofs["no-hetero_gd"]
    assert "without modules decoupling" in proofs["none"]
    assert proofs["ridge"].startswith("another method")
    assert proofs["control"] == "is the baseline under other seeds"
    distinct = {(f.num_parameters, f.modules, f.loss_terms) for name, f in planned.facts.items() if name != "control"}
    assert len(distinct) == 12


def test_an_arm_that_sees_less_is_proved_by_its_inputs() -> None:
    space = load_text(SPACE.replace("design: factorial}", "design: published}, modalities: all"), describe_methods())
    planned = prepare(space, None).planned
    described = {arm.name: describe_arm(arm, planned) for arm in planned.arms}
    assert described["full"]["inputs"] == ["language", "audio", "vision"]
    assert described["only-audio"]["inputs"] == ["audio"]
    assert described["no-language"]["differs_from_baseline"] == "+0 parameters; without inputs language"
    assert described["only-vision"]["differs_from_baseline"] == "+0 parameters; without inputs language, audio"


MODELS = """\
study: methods
data: {path: "planted:num_videos=6,clips_per_video=5"}
model: &small {name: unimodal, modality: audio, width: 8, heads: 2, levels: 1, max_epochs: 1}
arms:
  ablation: {components: [fd], design: leave_one_out}
  models:
    - {<<: *small, arm: vision, modality: vision}
    - &mult {name: mult, width: 8, heads: 2, levels: 1, max_epochs: 1}
    - {<<: *mult, arm: mult-gd, gd: true}
    - {name: dmd, arm: reading-a, homo_gd: false, ca: false, hetero_gd: false, keep_aux_heads: true, width: 8, heads: 2}
    - median
"""


def test_every_method_can_be_an_arm_and_is_proved_by_what_it_is_built_of() -> None:
    planned = prepare(load_text(MODELS, describe_methods()), None).planned
    described = {arm.name: describe_arm(arm, planned) for arm in planned.arms}
    proofs = {name: str(facts["differs_from_baseline"]) for name, facts in described.items()}
    inputs = {name: "+".join(facts["inputs"]) for name, facts in described.items()}
    everything = "language+audio+vision"
    assert inputs == {
        "full": "audio", "no-fd": "audio", "vision": "vision",
        "mult": everything, "mult-gd": everything, "reading-a": everything, "median": "",
    }  # fmt: skip
    assert proofs["no-fd"] == f"-{4 * 8**2} parameters; without modules decoupling; without loss terms rec, cyc, ort"
    assert "without inputs audio; with inputs vision" in proofs["vision"]
    assert proofs["median"].endswith("parameters, sees no modality")
    heads = [f"task/homo_{modality}" for modality in MODALITIES]
    assert set(heads) <= set(described["reading-a"]["loss_terms"])
    assert not any(term.startswith("dtl/") for term in described["reading-a"]["loss_terms"])
    assert planned.arms[1].label == "w/o FD"


def test_the_published_row_with_heads_is_an_arm_of_the_ablation_too() -> None:
    space = SPACE.replace("design: factorial", "design: published").replace(
        "model: {", "model: {keep_aux_heads: true, "
    )
    planned = prepare(load_text(space, describe_methods()), None).planned
    terms = describe_arm(next(arm for arm in planned.arms if arm.name == "only-fd"), planned)["loss_terms"]
    assert [term for term in terms if "homo" in term] == [f"task/homo_{modality}" for modality in MODALITIES]


def test_a_subset_that_hides_all_a_method_reads_is_refused_with_its_line() -> None:
    hidden = MODELS.replace("  models:", "  modalities: [audio+vision, language]\n  models:")
    with pytest.raises(SpaceErrors, match=r"6:30: arms.modalities\[1\]: language is impossible: the model reads audio"):
        load_text(hidden, describe_methods(), source="space.yaml")


def test_the_planner_and_the_methods_name_the_same_modalities() -> None:
    assert MODALITIES == dmd.modalities.MODALITIES
    for method in describe_methods().methods.values():
        choices = method.settings[SUBSET_SETTING].choices
        assert set(choices) == {"+".join(MODALITIES), *(subset.value for subset in proper_subsets())}


def test_nothing_without_effect_is_searched(prepared: Prepared) -> None:
    searches = prepared.planned.searches
    assert set(searches["full"].parameters) == {"gamma", "lambda2", "learning_rate"}
    assert set(searches["only-fd"].parameters) == {"gamma", "learning_rate"}
    assert set(searches["none"].parameters) == {"learning_rate"}
    assert searches["ridge"].owner is None
    assert searches["control"].owner == "full"


def test_same_space_same_trials(prepared: Prepared) -> None:
    def first_trials() -> list[str]:
        source = make_source(prepare(load_text(SPACE, describe_methods()), None).planned)
        return [trial.id for _ in range(11) if (trial := source.ask()) is not None]

    assert first_trials() == first_trials()
    assert len(set(first_trials())) == 11


def test_two_arms_that_are_one_are_refused() -> None:
    twice = SPACE.replace("models: [ridge]", "models: [ridge, {name: ridge, arm: again}]")
    with pytest.raises(UsageError, match="'ridge' and 'again' are the same model"):
        prepare(load_text(twice, describe_methods()), None)


def test_every_packaged_space_fits_the_real_methods() -> None:
    names = packaged_spaces()
    assert set(names) >= {"quickstart", "ablation", "search"}
    for name in names:
        assert load(find_space(name), describe_methods()).study


def test_code_digest_sees_code_and_nothing_else(tmp_path: Path) -> None:
    module = tmp_path / "module.py"

    def digest_of(text: str) -> str:
        module.write_text(text)
        return code_digest(tmp_path)

    base = digest_of('"""Doc."""\ndef f(x):\n    """Doc."""\n    return x + 1\n')
    assert digest_of("# other comment\ndef f(x):\n\n    return (x + 1)\n") == base
    assert digest_of("def f(x):\n    return x + 2\n") != base


def test_a_failed_confirm_trial_scores_as_the_training_median() -> None:
    dataset = open_dataset("planted")
    fold = FoldRef()
    record = RunRecord(
        study="s", trial_id="t", configuration_id="c", arm="full", model="dmd", stage="confirm", status="failed",
        seed=1, repeat=0, fold=None, parameters={}, settings={}, valid={}, test=None, fallback_test=None,
        best_epoch=None, num_epochs=0, num_parameters=0, num_train=0, num_valid=0, num_test=0, duration_s=0.0,
        device="cpu", error="diverged",
    )  # fmt: skip
    scored = score_failure(dataset, fold, record)
    assert (scored.num_train, scored.num_valid, scored.num_test) == (180, 60, 60)
    assert scored.fallback_test is not None
    assert scored.fallback_test["mae"] > 0.5


def test_a_study_of_other_data_is_not_continued(tmp_path: Path, prepared: Prepared) -> None:
    from orchestration.planning.study_description import describe_study

    planned = prepared.planned
    study_directory = StudyDirectory(tmp_path)
    description = describe_study(planned, prepared.dataset, prepared.fingerprint, "dmd-search", "now")
    facts = deciding_facts(prepared)
    study_directory.write_manifest(Manifest(description, planned.space.resolved(), facts))
    known = study_directory.read_manifest()
    assert known is not None
    assert known.description == description
    assert extend_study(study_directory, known, prepared, (), "now") is None
    others = replace(known, deciding={**facts, "data": "xyz"})
    with pytest.raises(UsageError, match=f"data was 'xyz', is '{facts['data']}'"):
        extend_study(study_directory, others, prepared, (), "now")


TRADE_OFF = """\
study: trade
data: {path: "planted:num_videos=9,clips_per_video=6"}
model: {name: dmd, heads: 2, levels: 1, max_epochs: 1}
search:
  parameters:
    fd: {choice: [true, false]}
    homo_gd: {choice: [true, false]}
    hetero_gd: {choice: [true, false]}
    width: {choice: [8, 16]}
    lambda2: {log_uniform: [0.01, 0.5], when: {hetero_gd: true}}
  start: [{fd: true, homo_gd: false, hetero_gd: false, width: 8}]
  objective: [valid/mae, parameters]
  trials: 6
confirm: {seeds: 1}
"""


def test_what_an_arm_has_otherwise_than_its_preset_is_recorded() -> None:
    from orchestration.planning.study_description import describe_study

    arms = (
        "[{name: recurrent, arm: small, preset: text_lstm, hidden: 8, layers: 1}, {name: recurrent, preset: text_gru}]"
    )
    space = f"{SPACE.split('arms:')[0]}arms: {{models: {arms}}}\nconfirm: {{seeds: 1}}\n"
    held = prepare(load_text(space, describe_methods()), None)
    described = describe_study(held.planned, held.dataset, held.fingerprint, "dmd-search", "now").arms
    overrides = {arm.name: arm.overrides for arm in described}
    assert overrides["dmd"] == {"width": 8, "heads": 2, "levels": 1, "max_epochs": 2}
    assert overrides["small"] == {"hidden": 8}, "one layer is what the preset has"
    assert overrides["recurrent"] == {}


def test_a_conditional_search_over_a_trade_off_runs_to_its_report(tmp_path: Path) -> None:
    planned = prepare(load_text(TRADE_OFF, describe_methods()), None)
    launch(planned, StudyDirectory(tmp_path), LaunchOptions(executor="inline", is_quiet=True))
    records = state_of(tmp_path).records()
    searched = [record for record in records if record.stage == "search"]
    assert len(searched) == 6
    assert {record.status for record in records} == {"completed"}
    assert searched[0].parameters == {"fd": True, "homo_gd": False, "hetero_gd": False, "width": 8}
    assert all(("lambda2" in record.parameters) == record.parameters["hetero_gd"] for record in searched)
    assert all(record.parameters["fd"] or not record.parameters["homo_gd"] for record in searched)
    report = rebuild_report(StudyDirectory(tmp_path)).path.read_text()
    assert "### Trade-offs" in report
    assert "log-uniform in [0.01, 0.5], when hetero_gd is true" in report
