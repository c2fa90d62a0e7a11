"""Every sentence of a report is about this study: none is printed that something else would have to be true for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from reports.analysis import analyse
from reports.output.forms import latex_tables, report_tables
from reports.output.markdown import render_markdown
from reports.output.side_by_side import compare
from reports.records.extension import Extension
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, StudyDescription
from reports.sections.ablation.section import AblationSection, ForestSection
from reports.sections.hyperparameters.section import HyperparametersSection
from reports.sections.model_inside.section import TrainingSection
from reports.sections.paper_tables.published import published_dataset
from reports.sections.run_log.rerun_sentences import alone_text
from reports.sections.tuning.section import TuningSection
from tests.reports.example_studies import (
    COMPONENTS,
    TABLE3,
    failed,
    make_record,
    make_records,
    make_search_record,
    make_study,
    warnings_of,
)


def report_text(study: StudyDescription, records: list[RunRecord]) -> str:
    return render_markdown(analyse(study, records))


def test_what_an_author_wrote_is_no_limit() -> None:
    study = replace(make_study(), description="What is each part of DMD worth?")
    text = report_text(study, make_records(study, lambda arm: 0.9))
    assert "**In its author's words:** What is each part of DMD worth?" in text
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
        assert (report.section(AblationSection).arms.ablation.rows[0].published is not None) is has_numbers
        rows = next(table for table in report_tables(report) if table.name == "ablation").to_csv()
        assert ("CMU-MOSI" in rows) is has_numbers


def test_the_path_of_table_3_is_shown_to_the_design_that_has_its_rows() -> None:
    for arms, has_path in (
        (tuple(TABLE3), True),
        (("full", "no_hetero_gd", "no_ca"), False),
        (("full", "plain"), False),
    ):
        study = make_study(arms)
        assert ("The path of Table 3" in report_text(study, make_records(study, lambda arm: 0.9))) is has_path


def test_a_design_with_more_combinations_than_table_3_has_no_path_of_it() -> None:
    """A factorial holds all rows of the table, among others."""
    study = make_study(tuple(TABLE3))
    more = ArmDescription(
        "no_homo_gd", "no_homo_gd", "ablation", "dmd", dict(zip(COMPONENTS, (1, 0, 1, 1), strict=True))
    )
    assert "The path of Table 3" not in report_text(replace(study, arms=(*study.arms, more)), [])


def test_who_inherits_hyperparameters_is_named() -> None:
    study = make_study(("full", "no_ca", "ridge"))
    (told,) = (w for w in warnings_of(analyse(study, make_records(study, lambda arm: 0.9))) if "tuned on" in w)
    assert told == (
        "Hyperparameters were tuned on full only, inherited by no_ca, not by ridge, which kept their settings: "
        "this favours full."
    )
    alone = make_study(("full",))
    assert not any("tuned on" in w for w in warnings_of(analyse(alone, make_records(alone, lambda arm: 0.9))))
    methods = make_study(("full", "ridge"))
    (told,) = (w for w in warnings_of(analyse(methods, make_records(methods, lambda arm: 0.9))) if "tuned on" in w)
    assert "inherited" not in told


def test_one_split_has_no_folds_in_any_sentence() -> None:
    study = make_study(("full", "no_ca"), folds=(None,), scope="per_arm")
    study = replace(study, data={**study.data, "protocol": "The official split.", "official_split": True})
    report = analyse(study, make_records(study, lambda arm: 0.9))
    text = render_markdown(report)
    assert "Scores are means over seeds. Values" in " ".join(text.split())
    assert any("Only 3 runs per arm" in warning for warning in warnings_of(report))
    assert "fold" not in text.replace("k-fold", "")
    (tuning,) = report.section(TuningSection).figures()
    assert "Compare arms" not in tuning.caption, "one arm was searched"  # type: ignore[union-attr]
    for plot in (*report.section(TrainingSection).figures(), tuning):
        assert "fold" not in plot.caption  # type: ignore[union-attr]
    assert "one per fold" not in text


def test_a_figure_says_why_it_is_not_there() -> None:
    study = make_study(contrasts=())
    (plot,) = analyse(study, make_records(study, lambda arm: 0.9)).section(ForestSection).figures()
    assert plot.reason == "No forest plot: no contrast was declared."  # type: ignore[union-attr]


def test_survivors_are_spoken_of_where_there_are_some() -> None:
    study = make_study(("full", "no_ca"), seeds=(1, 2), folds=(0, 1))
    records = [
        failed(r) if r.arm == "no_ca" and r.stage == "confirm" else r for r in make_records(study, lambda a: 0.9)
    ]
    (told,) = (w for w in warnings_of(analyse(study, records)) if w.startswith("no_ca: 4 of 4"))
    assert "survivors" not in told
    some = [r if r.trial_id != "no_ca-confirm-1-0" else make_record("no_ca", 1, 0, 0.9) for r in records]
    (told,) = (w for w in warnings_of(analyse(study, some)) if w.startswith("no_ca: 3 of 4"))
    assert "survivors-only figure" in told


def test_what_machines_lost_says_nothing_of_a_range() -> None:
    study = make_study(("full",), folds=(None,), scope="per_arm")
    lost = [failed(make_search_record("full", None, number, 0.9)) for number in range(5)]
    records = [*make_records(study, lambda arm: 0.9), *lost[2:]]
    assert any("search trials failed" in warning for warning in warnings_of(analyse(study, records)))
    records = [replace(record, is_lost=record.status == "failed") for record in records]
    assert not any("search trials failed" in warning for warning in warnings_of(analyse(study, records)))


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
    text = compare([report, report])
    assert "2 studies side by side, not merged: nothing is averaged or ranked across them." in text
    assert "different data" not in text
    assert "a dash stands for an arm" not in text
    other = make_study(("full", "ridge"))
    text = compare([report, analyse(other, make_records(other, lambda arm: 0.9))])
    assert "of the study; a dash stands for an arm that the study does not have." in text
    assert "), 15 runs |" in text


def test_what_was_expected_is_held_against_the_trials_that_it_was_of() -> None:
    study = make_study(("full",), seeds=(1, 2), folds=(None,))
    expected = {"trials": 4, "wall_s": 10.0, "wall_low_s": 5.0, "wall_high_s": 20.0}
    expected |= {"device_s": 10.0, "device_low_s": 5.0, "device_high_s": 20.0}
    study = replace(study, estimate=expected, wall_s=12.0)
    records = make_records(study, lambda arm: 0.9)
    assert len(records) == 4
    text = report_text(study, records)
    assert "Expected before the start 10 s of wall time (5 to 20 s), took 12 s (1.2 times that)" in text
    more = [*records, make_record("full", 3, None, 0.9)]
    text = report_text(study, more)
    assert (
        "Expected before the start for 4 trials; 5 have run since: 10 s of wall time (5 to 20 s), took 12 s and" in text
    )


def test_what_an_interrupted_study_had_not_run_is_not_expected_twice() -> None:
    """Of four trials one had ended when two were added: before the extension five were left, so six in all ran."""
    study = make_study(("full",), seeds=(1, 2, 3, 4), folds=(None,))
    names = [f"{kind}{end}_s" for kind in ("wall", "device") for end in ("", "_low", "_high")]
    first, later = ({"trials": num, **dict.fromkeys(names, 10.0 * num)} for num in (4, 5))
    records = make_records(study, lambda arm: 0.9)
    assert len(records) == 6

    def told(num_ended: int, added: dict[str, float]) -> str:
        extension = Extension(
            "2026-11-29", "again", ("+ seeds",), num_ended=num_ended, estimate=added, num_asked=num_ended
        )
        text = report_text(replace(study, estimate=first, extensions=(extension,), wall_s=60.0), records)
        return text[text.index("Expected before") :].split(" of wall time")[0]

    assert told(1, later) == "Expected before the start for 4 trials; 6 have run since: 40 s"
    added = {"trials": 2, **dict.fromkeys(names, 20.0)}
    assert told(4, added) == "Expected before each sitting, all together 1 min"


def test_few_runs_are_said_of_the_arms_that_have_few() -> None:
    study = make_study(("full", "no_ca", "ridge"), seeds=(1, 2, 3, 4, 5), folds=(0, 1))
    records = make_records(study, lambda arm: 0.9)

    def few(*least: tuple[str, int]) -> list[str]:
        most = dict(least)
        kept = [r for r in records if r.stage == "search" or r.seed <= most.get(r.arm, 5)]
        planned = tuple(cell for cell in study.planned if cell.seed <= most.get(cell.arm, 5))
        warnings = warnings_of(analyse(replace(study, planned=planned), kept))
        return [w.partition(":")[0] for w in warnings if w.startswith(("Only ", "One run"))]

    assert few() == []
    assert few(("full", 3), ("no_ca", 3), ("ridge", 3)) == ["Only 3 runs per fold"]
    assert few(("no_ca", 2), ("ridge", 3)) == ["Only 2 to 3 runs per fold of no_ca, ridge"]
    assert few(("no_ca", 1), ("ridge", 2)) == ["One run per fold of no_ca", "Only 2 runs per fold of ridge"]
    assert few(("full", 1), ("no_ca", 1), ("ridge", 1)) == ["One run per fold"]


def test_the_headline_says_what_is_shown_and_what_was_not_asked() -> None:
    study = make_study(("full", "no_ca", "no_hetero_gd"), seeds=(1, 2, 3, 4, 5))
    records = make_records(study, {"full": 0.8, "no_ca": 0.95, "no_hetero_gd": 0.8}.__getitem__)
    (headline,) = [sentence for sentence in analyse(study, records).answer if sentence.startswith("**In")]
    assert headline == (
        "**In 1 of 2 declared contrasts a difference is shown for both questions: with new seeds on these data (rerun) "
        "and for new groups (new data).** Verdicts are Holm-corrected over the 2 declared contrasts; each ± is "
        "the 95% interval of its number alone."
    )
    seen = replace(study, data={**study.data, "groups_are": "videos", "tested_groups_seen": [3, 10]})
    (headline,) = [sentence for sentence in analyse(seen, records).answer if sentence.startswith("**In")]
    assert headline.startswith(
        "**In 1 of 2 declared contrasts a difference is shown with new seeds on these data (rerun); new videos are not "
        "asked about, as 3 of 10 "
    )


def test_headings_say_what_is_counted() -> None:
    """Runs, pairs of them, seeds, trials: a column that is called n in every table means another thing in each."""
    study = make_study(("full", "no_ca", "no_hetero_gd", "mult", "ridge"))
    text = report_text(study, make_records(study, lambda arm: 0.9))
    headings = [line for line, rule in pairwise(text.splitlines()) if rule.startswith(("| --", "| :-"))]
    cells = [cell.strip() for line in headings for cell in line.strip("|").split("|")]
    assert len(headings) > 12
    assert "n" not in cells
    assert {"runs", "pairs", "seeds"} <= set(cells)


def test_what_is_not_asked_is_not_explained() -> None:
    """Where tested groups were seen in training, nothing is said of what a new-data interval is."""
    study = make_study(("full", "no_ca"))
    seen = replace(study, data={**study.data, "groups_are": "videos", "tested_groups_seen": [3, 10]})
    records = make_records(study, lambda arm: 0.9)
    text = " ".join(report_text(seen, records).split())
    assert "It is a 95% interval, each of its number alone" in text
    assert "Line: for new" not in text
    assert "it must be shown with new seeds and for new" not in text
    asked = " ".join(report_text(study, records).split())
    assert "Both are 95% intervals, each of its number alone" in asked
    assert "it must be shown with new seeds and for new" in asked
    captions = [table.caption for table in latex_tables(analyse(seen, records))]
    assert captions
    assert not any("and new data (new" in caption for caption in captions)


@pytest.mark.parametrize(
    ("search", "told"),
    [
        ({}, "The same trials give the same numbers on the same machine."),
        ({"scope": "per_arm", "searcher": "random", "scheduler": "none"}, "on the same machine."),
        ({"scope": "per_arm", "searcher": "random", "scheduler": "asha"}, "what it stops depends on"),
        ({"scope": "per_arm", "searcher": "tpe", "scheduler": "none"}, "what it proposes depends on"),
        ({"scope": "baseline", "searcher": "tpe", "scheduler": "asha"}, "what it proposes and stops depends on"),
    ],
)
def test_what_a_row_run_alone_repeats_depends_on_the_search(search: dict[str, object], told: str) -> None:
    searches = analyse(replace(make_study(), search=search), []).section(HyperparametersSection).values
    text = alone_text(search, searches.is_adaptive)
    assert told in text
    assert ("inherits hyperparameters" in text) is (search.get("scope") == "baseline")
    assert ("worker" in text) is ("depends on" in told)


def test_a_search_of_which_nothing_has_ended_was_asked_for() -> None:
    text = report_text(make_study(), [])
    assert "hyperparameters and the tuning budget, because no search trial has ended yet" in text
    assert "nothing was searched" not in text
    without = report_text(replace(make_study(), search={}), [])
    assert "hyperparameters and the tuning budget, because nothing was searched" in without
    assert "no search trial has ended" not in without


def test_other_metrics_are_spoken_of_where_there_are_some() -> None:
    study = make_study()
    records = make_records(study, lambda arm: 0.9)
    assert "Differences on the other metrics" in report_text(study, records)
    assert "Differences on the other metrics" not in report_text(replace(study, metrics=("mae",)), records)
