"""Every sentence of a report is about this study: none is printed that something else would have to be true for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.extent import cells_text, over_cells, seeds_text
from reports.figures.forest import contrast_plot
from reports.figures.learning import learning_plot
from reports.figures.tuning import tuning_plot
from reports.markdown import render_markdown
from reports.published import published_dataset
from reports.record import ArmDescription, PlannedCell, RunRecord, StudyDescription
from reports.results import ResultsTable
from reports.side_by_side import put_side_by_side
from reports.tables import report_tables
from tests.reports.studies import TABLE3, failed, make_record, make_records, make_search_record, make_study


def report_text(study: StudyDescription, records: list[RunRecord]) -> str:
    return render_markdown(analyse(study, records))


def run_line(study: StudyDescription, records: list[RunRecord]) -> str:
    """What the report says of stages, runs, seeds and folds."""
    text = report_text(study, records)
    return " ".join(text[text.index("- Stages:") :].split("\n- ")[0].split())


def test_seeds_are_those_of_the_arms_that_have_them() -> None:
    """Five seeds were run, three are asked for now; the control has its own."""
    study = make_study(("full", "no_ca"), seeds=(1, 2, 3), folds=(0, 1, 2))
    five = make_study(("full", "no_ca"), seeds=(1, 2, 3, 4, 5), folds=(0, 1, 2))
    records = make_records(five, lambda arm: 0.9)
    assert run_line(study, records).endswith("30 of 30 runs, seeds 1, 2, 3, 4, 5, 3 folds.")
    fewer = [r for r in records if not (r.stage == "confirm" and r.arm == "no_ca" and r.seed > 3)]
    assert run_line(study, fewer).endswith("seeds 1, 2, 3, 4, 5 (full) and 1, 2, 3 (no_ca), 3 folds.")
    control = make_study(("full", "control"), seeds=(1, 2), folds=(None,))
    assert run_line(control, make_records(control, lambda arm: 0.9)).endswith(
        "seeds 1, 2 (full) and 101, 102 (control), one split."
    )


def table_of(seeds: dict[str, list[int]], cells: list[tuple[int, int | None]]) -> ResultsTable:
    study = make_study(tuple(seeds))
    planned = tuple(
        PlannedCell(arm, seed, repeat, fold) for arm, held in seeds.items() for seed in held for repeat, fold in cells
    )
    return ResultsTable.from_records(replace(study, planned=planned), [])


def test_many_seeds_are_a_range_and_many_groups_a_number() -> None:
    assert seeds_text(table_of({"full": list(range(1, 21))}, [(0, 0)])) == "seeds 1 to 20"
    raced = {"full": [1, 2, 3], "no_ca": [1, 2], "no_hetero_gd": [1], "ridge": [1, 2, 3, 4]}
    assert seeds_text(table_of(raced, [(0, 0)])) == "1 to 4 seeds per arm"
    assert seeds_text(table_of({"full": []}, [(0, 0)])) == "no seeds"


@pytest.mark.parametrize(
    ("cells", "told", "over"),
    [
        ([(0, None)], "one split", "seeds"),
        ([(0, 0), (0, 1), (0, 2)], "3 folds", "seeds and folds"),
        ([(r, f) for r in range(2) for f in range(3)], "3 folds in each of 2 repeats", "seeds and folds"),
    ],
)
def test_folds_are_said_where_there_are_folds(cells: list[tuple[int, int | None]], told: str, over: str) -> None:
    table = table_of({"full": [1]}, cells)
    assert (cells_text(table), over_cells(table)) == (told, over)


def test_what_an_author_wrote_is_no_limit() -> None:
    study = replace(make_study(), description="What is each part of DMD worth?")
    text = report_text(study, make_records(study, lambda arm: 0.9))
    assert "- In its author's words: What is each part of DMD worth?" in text
    assert "Limits taken" not in text
    assert "In its author's words" not in report_text(make_study(), [])


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("mosi_heldout_ctx10", "CMU-MOSI"),
        ("MOSEI_senti", "CMU-MOSEI"),
        ("planted", None),
        ("ch-sims", None),
        ("", None),
    ],
)
def test_data_are_the_papers_by_their_name_or_not_at_all(name: str, dataset: str | None) -> None:
    assert published_dataset(name) == dataset


def test_printed_numbers_stand_beside_the_papers_data_only() -> None:
    def with_data(name: str) -> tuple[StudyDescription, list[RunRecord]]:
        study = make_study(tuple(TABLE3))
        return replace(study, data={**study.data, "name": name}), make_records(study, lambda arm: 0.9)

    for name, has_numbers in (("mosi_heldout_ctx10", True), ("ch_sims", False)):
        report = analyse(*with_data(name))
        assert ("Published beside measured" in render_markdown(report)) is has_numbers
        assert (report.ablation.rows[0].published is not None) is has_numbers
        rows = next(table for table in report_tables(report) if table.name == "ablation").to_csv()
        assert ("CMU-MOSI" in rows) is has_numbers


def test_the_path_of_table_3_is_shown_to_a_study_that_has_all_of_it() -> None:
    for arms, has_path in (
        (tuple(TABLE3), True),
        (("full", "no_hetero_gd", "no_ca"), False),
        (("full", "plain"), False),
    ):
        study = make_study(arms)
        assert ("The path of Table 3" in report_text(study, make_records(study, lambda arm: 0.9))) is has_path


def test_who_inherits_hyperparameters_is_named() -> None:
    study = make_study(("full", "no_ca", "ridge"))
    (told,) = (w for w in analyse(study, make_records(study, lambda arm: 0.9)).warnings if "tuned on" in w)
    assert told == (
        "Hyperparameters were tuned on full only, inherited by no_ca, not by ridge, which kept their settings: "
        "this favours full."
    )
    alone = make_study(("full",))
    assert not any("tuned on" in w for w in analyse(alone, make_records(alone, lambda arm: 0.9)).warnings)
    methods = make_study(("full", "ridge"))
    (told,) = (w for w in analyse(methods, make_records(methods, lambda arm: 0.9)).warnings if "tuned on" in w)
    assert "inherited" not in told


def test_one_split_has_no_folds_in_any_sentence() -> None:
    study = make_study(("full", "no_ca"), folds=(None,), scope="per_arm")
    report = analyse(study, make_records(study, lambda arm: 0.9))
    text = render_markdown(report)
    assert "Scores are means over seeds. Values" in " ".join(text.split())
    assert any("Only 3 runs per arm" in warning for warning in report.warnings)
    for plot in (learning_plot(report), tuning_plot(report)):
        assert "fold" not in plot.caption  # type: ignore[union-attr]
    assert "one per fold" not in text


def test_a_figure_says_why_it_is_not_there() -> None:
    study = make_study(contrasts=())
    plot = contrast_plot(analyse(study, make_records(study, lambda arm: 0.9)))
    assert plot.reason == "No forest plot: no contrast was declared."  # type: ignore[union-attr]


def test_survivors_are_spoken_of_where_there_are_some() -> None:
    study = make_study(("full", "no_ca"), seeds=(1, 2), folds=(0, 1))
    records = [
        failed(r) if r.arm == "no_ca" and r.stage == "confirm" else r for r in make_records(study, lambda a: 0.9)
    ]
    (told,) = (w for w in analyse(study, records).warnings if w.startswith("no_ca: 4 of 4"))
    assert "survivors" not in told
    some = [r if r.trial_id != "no_ca-confirm-1-0" else make_record("no_ca", 1, 0, 0.9) for r in records]
    (told,) = (w for w in analyse(study, some).warnings if w.startswith("no_ca: 3 of 4"))
    assert "survivors-only figure" in told


def test_what_machines_lost_says_nothing_of_a_range() -> None:
    study = make_study(("full",), folds=(None,), scope="per_arm")
    lost = [failed(make_search_record("full", None, number, 0.9)) for number in range(5)]
    records = [*make_records(study, lambda arm: 0.9), *lost[2:]]
    assert any("search trials failed" in warning for warning in analyse(study, records).warnings)
    records = [replace(record, is_lost=record.status == "failed") for record in records]
    assert not any("search trials failed" in warning for warning in analyse(study, records).warnings)


def test_a_noise_floor_is_held_against_the_contrasts_that_there_are() -> None:
    study = make_study(("full", "control"), contrasts=())
    text = report_text(study, make_records(study, lambda arm: 0.9))
    assert "Noise floor: `control`" in text
    assert "is larger." not in text


def test_a_study_without_confirm_trials_does_not_wait_for_any() -> None:
    study = replace(make_study(("full",)), planned=())
    assert analyse(study, []).answer == ("No confirm trial of toy was asked for: there is nothing to compare.",)
    assert "has ended yet" in analyse(make_study(), []).answer[0]


def test_studies_that_somebody_put_side_by_side_need_no_reason() -> None:
    report = analyse(make_study(), make_records(make_study(), lambda arm: 0.9))
    text = put_side_by_side([report, report]).markdown
    assert "2 studies side by side, not merged: nothing is averaged or ranked across them." in text
    assert "different data" not in text


def test_what_was_expected_is_held_against_the_trials_that_it_was_of() -> None:
    study = make_study(("full",), seeds=(1, 2), folds=(None,))
    expected = {"trials": 4, "wall_s": 10.0, "wall_low_s": 5.0, "wall_high_s": 20.0}
    expected |= {"device_s": 10.0, "device_low_s": 5.0, "device_high_s": 20.0}
    study = replace(study, estimate=expected, wall_s=12.0)
    records = make_records(study, lambda arm: 0.9)
    assert len(records) == 4
    text = report_text(study, records)
    assert "Expected before the start 10 s of wall time (5 s to 20 s), took 12 s (1.20 times that)" in text
    more = [*records, make_record("full", 3, None, 0.9)]
    text = report_text(study, more)
    assert (
        "Expected before the start for 4 trials; 5 have run since: 10 s of wall time (5 s to 20 s), took 12 s and"
        in text
    )


def test_an_arm_of_other_code_has_seeds_of_its_own() -> None:
    study = make_study(("full",), seeds=(1, 2, 3), folds=(None,))
    given = ArmDescription("theirs", "theirs", "model", "external", {})
    planned = (*study.planned, PlannedCell("theirs", 1, 0, None))
    study = replace(study, arms=(*study.arms, given), planned=planned)
    table = ResultsTable.from_records(study, [])
    assert seeds_text(table) == "seeds 1, 2, 3 (full) and 1 (theirs)"
    assert np.array_equal(table.seeds, [1, 2, 3])
