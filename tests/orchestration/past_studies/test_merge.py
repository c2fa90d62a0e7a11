"""Several studies as one: what may be merged comes out as if it had been run in one piece; the rest is told why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.ledger.recorded_study import RecordedStudy
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.past_studies.merge import merge_studies
from orchestration.past_studies.merge_conflicts import find_merge_conflicts, group_mergeable
from orchestration.past_studies.write_report import write_studies
from orchestration.planning.method_catalogue import describe_methods
from orchestration.process.errors import UsageError
from reports.analysis import analyse
from reports.output.forms import report_tables
from reports.records.details import no_details
from reports.records.run_record import RunRecord
from reports.records.study_description import Contrast, StudyDescription
from reports.sections.run_log.section import ProvenanceSection
from tests.reports.example_studies import EDGES, TABLE3, make_records, make_study

DECIDING = {"data": "abc", "folds.k": 5, "code": "1", "torch": "2"}
SPACE = {"contrasts": "auto", "seed": 0, "search": None}
METHODS = describe_methods().methods
MEANS = dict(zip((*TABLE3, "ridge"), (0.90, 0.91, 0.95, 0.96, 0.97, 1.0, 0.93), strict=True))


def recorded(
    description: StudyDescription, records: Sequence[RunRecord], origin: str = "a", **deciding: object
) -> RecordedStudy:
    return RecordedStudy(origin, Manifest(description, SPACE, {**DECIDING, **deciding}), tuple(records), no_details)


def sitting(origin: str, arms: Sequence[str], seeds: Sequence[int] = (1, 2, 3), **deciding: object) -> RecordedStudy:
    """Part of the whole study of :data:`MEANS`: some arms, some seeds, with the records that the whole one has."""
    whole = make_study(tuple(MEANS), contrasts=EDGES)
    records = [r for r in make_records(whole, MEANS.__getitem__) if r.arm in arms]
    records = [r for r in records if r.stage == "search" or r.seed in seeds]
    # The toy's search trials of a fold have one configuration between them; the first is the one that was confirmed.
    second = [r.stage == "search" and r.trial_id.endswith("-1") for r in records]
    records = [
        replace(r, configuration_id=r.trial_id) if is_other else r for r, is_other in zip(records, second, strict=True)
    ]
    description = replace(
        make_study(tuple(arms), seeds=seeds), study=origin, provenance={"command_line": f"run {origin}"}
    )
    return recorded(description, records, origin, **deciding)


def tables_of(study: RecordedStudy) -> dict[str, str]:
    report = analyse(study.description, study.records)
    return {table.name: table.to_csv() for table in report_tables(report) if table.name != "provenance"}


def test_sittings_by_arms_are_the_study_in_one_piece() -> None:
    first = sitting("a", ["full", "no_hetero_gd", "no_ca", "ridge"])
    second = sitting("b", ["full", "no_ca_hetero_gd", "fd_only", "plain"])
    assert not list(find_merge_conflicts(first, second))
    merged = merge_studies([first, second], METHODS)
    # An edge may lie between two sittings: the family is that of all arms together.
    assert merged.description.contrasts == (*EDGES, Contrast("full", "ridge", "method"))
    whole = sitting("whole", list(MEANS))
    whole = recorded(replace(whole.description, contrasts=merged.description.contrasts), whole.records)
    assert [arm.name for arm in merged.description.arms] == list(MEANS)
    together, alone = tables_of(merged), tables_of(whole)
    assert len(alone) > 10
    differing = {name for name in alone if together[name] != alone[name]}
    assert differing <= {"commands"}
    assert merged.description.study == "a + b"


def test_methods_that_are_not_known_any_more_are_merged_under_the_names_of_their_components() -> None:
    merged = merge_studies([sitting("a", ["full", "no_ca"]), sitting("b", ["full", "no_hetero_gd"])], {})
    assert [pair.isolates for pair in merged.description.contrasts] == ["ca", "hetero_gd"]


def test_sittings_by_seeds_are_the_study_in_one_piece() -> None:
    arms = ["full", "no_ca"]
    merged = merge_studies([sitting("a", arms, (1, 2)), sitting("b", arms, (3,))], METHODS)
    assert merged.description.confirm["seeds"] == [1, 2, 3]
    whole = sitting("c", arms)
    whole = recorded(replace(whole.description, contrasts=merged.description.contrasts), whole.records)
    assert tables_of(merged)["contrasts"] == tables_of(whole)["contrasts"]


def test_conditions_with_modalities_missing_stay_as_far_as_every_sitting_was_scored_under_them() -> None:
    def asked(study: RecordedStudy, *missing: str) -> RecordedStudy:
        confirm = {**study.description.confirm, **({"missing": list(missing)} if missing else {})}
        return with_description(confirm=confirm)(study)

    one, other = sitting("a", ("full",)), sitting("b", ("no_ca",))
    united = merge_studies([asked(one, "rate-0.3", "no-audio"), asked(other, "no-audio", "only-audio")], METHODS)
    assert united.description.confirm["missing"] == ["no-audio"]
    assert "missing" not in merge_studies([asked(one, "no-audio"), other], METHODS).description.confirm


def test_what_ran_twice_counts_once_whatever_it_took() -> None:
    first, second = sitting("a", ["full", "no_ca"]), sitting("b", ["full", "no_hetero_gd"])
    slower = [replace(record, duration_s=9.0, attempts=2, trial_id=f"b-{record.trial_id}") for record in second.records]
    merged = merge_studies([first, replace(second, records=tuple(slower))], METHODS)
    assert len(merged.records) == len({(r.arm, r.stage, r.configuration_id, r.seed, r.fold) for r in merged.records})
    assert {r.duration_s for r in merged.records if r.arm == "full"} == {2.5}


def test_runs_that_contradict_each_other_are_refused_one_by_one() -> None:
    first, second = sitting("runs/a", ["full", "no_ca"]), sitting("runs/b", ["full", "no_hetero_gd"])
    changed = [
        replace(record, test={**record.test, "mae": 0.5}) if record.arm == "full" and record.test else record
        for record in second.records
    ]
    with pytest.raises(UsageError) as caught:
        merge_studies([first, replace(second, records=tuple(changed))], METHODS)
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("arm full, confirm, seed 1, fold 0: runs/a says completed, mae ")
    assert "runs/b says completed, mae 0.5;" in lines[0]
    assert lines[-1] == "5 more runs contradict each other"


def test_an_arm_is_known_by_its_settings() -> None:
    first, second = sitting("a", ["full", "no_ca"]), sitting("b", ["full", "no_ca"], (4, 5))

    def give_settings(study: RecordedStudy, names: dict[str, str]) -> RecordedStudy:
        arms = tuple(
            replace(arm, name=names.get(arm.name, arm.name), settings={"width": 8, **arm.components})
            for arm in study.description.arms
        )
        records = tuple(replace(record, arm=names.get(record.arm, record.arm)) for record in study.records)
        planned = tuple(replace(cell, arm=names.get(cell.arm, cell.arm)) for cell in study.description.planned)
        baseline = names.get("full", "full")
        description = replace(study.description, arms=arms, planned=planned, baseline=baseline, contrasts=())
        return replace(study, manifest=replace(study.manifest, description=description), records=records)

    renamed = give_settings(second, {"full": "dmd", "no_ca": "without"})
    merged = merge_studies([give_settings(first, {}), renamed], METHODS)
    assert [arm.name for arm in merged.description.arms] == ["full", "no_ca"]
    assert {record.arm for record in merged.records} == {"full", "no_ca"}
    assert {cell.seed for cell in merged.description.planned} == {1, 2, 3, 4, 5}
    assert merged.description.parts[1].arms == {"full": "dmd", "no_ca": "without"}


def with_description(**changes: object) -> Callable[[RecordedStudy], RecordedStudy]:
    def change(study: RecordedStudy) -> RecordedStudy:
        description = replace(study.description, **changes)  # type: ignore[arg-type]
        return replace(study, manifest=replace(study.manifest, description=description))

    return change


def with_space(**changes: Any) -> Callable[[RecordedStudy], RecordedStudy]:
    return lambda study: replace(study, manifest=replace(study.manifest, space={**study.manifest.space, **changes}))


def with_deciding(**changes: Any) -> Callable[[RecordedStudy], RecordedStudy]:
    return lambda study: replace(
        study, manifest=replace(study.manifest, deciding={**study.manifest.deciding, **changes})
    )


def with_arm(name: str, **changes: object) -> Callable[[RecordedStudy], RecordedStudy]:
    def change(study: RecordedStudy) -> RecordedStudy:
        arms = tuple(
            replace(arm, **changes) if arm.name == name else arm  # type: ignore[arg-type]
            for arm in study.description.arms
        )
        return with_description(arms=arms)(study)

    return change


def with_configuration(study: RecordedStudy) -> RecordedStudy:
    records = [replace(r, configuration_id="other") if r.arm == "no_ca" else r for r in study.records]
    return replace(study, records=tuple(records))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_deciding(data="xyz"), "data abc and xyz"),
        (with_deciding(**{"folds.k": 3}), "folds.k 5 and 3"),
        (with_deciding(code="2"), "code 1 and 2"),
        (with_description(primary="corr"), "other metrics (mae first, and corr first)"),
        (with_arm("full", model="mult"), "other baselines (dmd and mult)"),
        (with_arm("full", settings={"width": 8}), "other baselines (width None and 8)"),
        (with_arm("no_ca", settings={"width": 8}), "arm 'no_ca' is not the same (width None and 8)"),
        (with_space(search={"trials": 3}), "configurations were searched in other ways"),
        (with_description(confirm={"seeds": [1], "top": 2}), "top 1 and 2 configurations were confirmed"),
        (with_description(confirm={"seeds": [1], "top": 1, "racing": {"looks": [3]}}), "seeds were raced"),
        (with_configuration, "searches confirmed other configurations of arm 'no_ca' on the same fold"),
    ],
)
def test_what_keeps_studies_apart_is_named(change: Callable[[RecordedStudy], RecordedStudy], words: str) -> None:
    first, second = sitting("a", ["full", "no_ca"]), sitting("b", ["full", "no_ca"], (2, 3))
    assert not list(find_merge_conflicts(first, second))
    conflicts = list(find_merge_conflicts(first, change(second)))
    assert any(words in conflict for conflict in conflicts), conflicts
    assert all(conflict.startswith("a and b: ") for conflict in conflicts)
    assert len(group_mergeable([first, change(second)])) == 2


def test_searches_under_other_seeds_are_other_searches() -> None:
    first, second = sitting("a", ["full"]), sitting("b", ["full"])
    searching = {"search": {"trials": 3}}
    conflicts = find_merge_conflicts(with_space(**searching)(first), with_space(seed=1, **searching)(second))
    assert list(conflicts) == ["a and b: searches under other seeds"]
    assert not list(find_merge_conflicts(first, with_space(seed=1)(second)))


def test_predictions_of_other_code_keep_nobody_apart() -> None:
    external = {"external predictions of theirs": "123"}
    assert not list(find_merge_conflicts(sitting("a", ["full"]), sitting("b", ["full"], **external)))


def test_declared_contrasts_are_united_once() -> None:
    mine = with_space(contrasts=[["full", "no_ca"]])
    first, second = mine(sitting("a", ["full", "no_ca"])), mine(sitting("b", ["full", "no_ca", "no_hetero_gd"], (4,)))
    again = Contrast("no_ca", "full", "")
    second = with_description(contrasts=(again, Contrast("full", "no_hetero_gd", "")))(second)
    pairs = [(c.first, c.second) for c in merge_studies([first, second], METHODS).description.contrasts]
    assert pairs == [("full", "no_ca"), ("full", "no_hetero_gd")]


def test_other_data_stand_side_by_side_and_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    studies = [
        sitting("mosi", ["full", "no_ca"], (1,)),
        sitting("mosi-2", ["full", "no_ca"], (2, 3)),
        sitting("mosei", ["full", "ridge"], data="xyz"),
    ]
    report = write_studies(studies, tmp_path / "out", METHODS)
    assert "not merged: mosi and mosei: data abc and xyz" in capsys.readouterr().err
    text = report.read_text()
    headings = [line for line in text.splitlines() if line.startswith(("# ", "## "))]
    assert headings == ["# mosi + mosi-2 | mosei", "## mosi + mosi-2", "## mosei"]
    (line,) = [line for line in text.splitlines() if line.startswith("| no_ca ") and " runs |" in line]
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells[1].endswith(", 15 runs")
    assert cells[2] == "–"  # noqa: RUF001
    tables = {path.parent.name for path in (tmp_path / "out" / "tables").rglob("*.csv")}
    assert tables == {"mosi-mosi-2", "mosei"}
    figures = [path.stem for path in (tmp_path / "out" / "figures").glob("*.svg")]
    assert figures
    assert all(f"figures/{name}.svg" in text for name in figures)
    assert "`tables/mosei/" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<figure") == len(figures)


def test_studies_on_one_split_count_what_they_scored_together(tmp_path: Path) -> None:
    studies = [sitting("a", ["full", "no_ca"], (1,)), sitting("b", ["full", "no_ca"], (2,), code="2")]
    text = write_studies(studies, tmp_path, METHODS, "side-by-side").read_text()
    # Five folds, five configurations, the same ones in both studies and arms.
    assert "a, b have the same test split: together they have scored 5 configurations on it." in text


def test_merging_by_force_is_refused_with_every_reason(tmp_path: Path) -> None:
    studies = [sitting("a", ["full"]), sitting("b", ["full"], data="xyz"), sitting("c", ["full"], code="2")]
    with pytest.raises(UsageError) as caught:
        write_studies(studies, tmp_path, METHODS, "merge")
    assert str(caught.value).splitlines() == [
        "cannot be merged: a and b: data abc and xyz",
        "cannot be merged: a and c: code 1 and 2",
        "use --side-by-side",
    ]
    assert not list(tmp_path.iterdir())


def test_a_study_given_twice_and_a_place_of_another_are_refused(tmp_path: Path) -> None:
    study = sitting("a", ["full"])
    with pytest.raises(UsageError, match="a: given more than once"):
        write_studies([study, study], tmp_path, METHODS)
    StudyDirectory(tmp_path).write_manifest(study.manifest)
    with pytest.raises(UsageError, match="holds a study, and its own report"):
        write_studies([study, sitting("b", ["full"])], tmp_path, METHODS)


def test_rows_of_a_merged_study_are_run_again_as_their_study_ran_them() -> None:
    merged = merge_studies([sitting("a", ["full", "no_ca"]), sitting("b", ["full", "ridge"])], METHODS)
    report = analyse(merged.description, merged.records)
    assert report.section(ProvenanceSection).provenance.command == "run a\nrun b"
    commands = {row.arm: row.command for row in report.section(ProvenanceSection).provenance.rows}
    assert commands["no_ca"].startswith("run a --only no_ca")
    assert commands["ridge"].startswith("run b --only ridge")


def test_a_search_trial_is_a_run_like_any_other() -> None:
    first = sitting("a", ["full"])
    assert any(record.stage == "search" for record in first.records)
    changed = [replace(r, valid={"mae": 0.1}) if r.stage == "search" else r for r in first.records]
    second = replace(sitting("b", ["full"]), records=tuple(changed))
    with pytest.raises(UsageError, match="arm full, search, seed 0"):
        merge_studies([first, second], METHODS)
