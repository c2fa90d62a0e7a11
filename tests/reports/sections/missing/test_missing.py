"""Missing modalities in a report: means and intervals by hand, failed runs, conditions an arm cannot meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reports.analysis import analyse
from reports.output.write import write_report
from reports.records.run_record import RunRecord
from reports.records.serialise import NotAsWritten, record_from_json, record_to_json, study_from_json, study_to_json
from reports.records.study_description import StudyDescription
from reports.sections.missing.section import MissingSection
from reports.sections.missing.values import NOTHING, MissingTable
from tests.reports.example_studies import failed, make_record, make_study

CONDITIONS = ("rate-0.6", "rate-0.3", "no-audio", "only-audio")


def study_of(*conditions: str) -> StudyDescription:
    study = make_study(("full", "no_ca"), folds=(None,))
    return replace(study, confirm={**study.confirm, "missing": list(conditions)})


def records_of(without: Sequence[str] = ()) -> list[RunRecord]:
    """Three seeds: MAE 0.8, 0.9, 1.0; at 30% missing 0.2 more, at 60% 0.4 more; ``no_ca`` is 0.1 worse throughout."""
    more = {"rate-0.3": 0.2, "rate-0.6": 0.4, "no-audio": 0.1, "only-audio": 0.5}
    return [
        make_record(
            arm,
            seed,
            None,
            mae,
            test_missing={
                name: {"mae": mae + add, "acc7": 0.5 - add} for name, add in more.items() if name not in without
            },
        )
        for arm, worse in (("full", 0.0), ("no_ca", 0.1))
        for seed, mae in zip((1, 2, 3), (0.8 + worse, 0.9 + worse, 1.0 + worse), strict=True)
    ]


def table_of(study: StudyDescription, records: Sequence[RunRecord]) -> MissingTable:
    table = analyse(study, records).section(MissingSection).table
    assert table is not None
    return table


def test_means_and_rerun_intervals_by_hand() -> None:
    table = table_of(study_of(*CONDITIONS), records_of())
    assert table.rates == (NOTHING, "rate-0.3", "rate-0.6")
    assert table.fixed == (NOTHING, "no-audio", "only-audio")
    assert [arm.arm for arm in table.arms] == ["full", "no_ca"]
    for condition, mean in ((NOTHING, 0.9), ("rate-0.3", 1.1), ("rate-0.6", 1.3), ("only-audio", 1.4)):
        estimate = table.arms[0].estimates[condition]["mae"]
        assert estimate.value == pytest.approx(mean)
        # Standard deviation 0.1 over three runs: t with 2 degrees of freedom is 4.303.
        assert estimate.half_width == pytest.approx(4.303 * 0.1 / 3**0.5, rel=1e-3)
        assert estimate.n == 3
    assert table.arms[1].estimates["rate-0.3"]["acc7"].value == pytest.approx(30.0)
    assert table.constant == pytest.approx(1.4)


def test_a_failed_run_is_the_constant_predictor_under_every_condition() -> None:
    records = records_of()
    records[2] = replace(failed(records[2]), test_missing={})
    table = table_of(study_of(*CONDITIONS), records)
    assert table.arms[0].counts.failed == 1
    # 0.8 + 0.2, 0.9 + 0.2 and the fallback's 1.4.
    assert table.arms[0].estimates["rate-0.3"]["mae"].value == pytest.approx((1.0 + 1.1 + 1.4) / 3)


def test_a_condition_that_leaves_an_arm_nothing_is_a_dash_and_no_score() -> None:
    records = [*records_of()[:3], *records_of(without=("only-audio", "rate-0.6"))[3:]]
    table = table_of(study_of(*CONDITIONS), records)
    assert set(table.arms[1].estimates) == {NOTHING, "rate-0.3", "no-audio"}
    text = analyse(study_of(*CONDITIONS), records).section(MissingSection).markdown()
    row = next(line for line in text.splitlines() if line.startswith("| no_ca") and line.count("|") == 6)
    assert [cell.strip() for cell in row.strip("|").split("|")][-1] == "–"  # noqa: RUF001


def test_the_report_shows_curve_tables_and_every_metric(tmp_path: Path) -> None:
    text = write_report(study_of(*CONDITIONS), records_of(), tmp_path).read_text()
    section = text.split("## Missing modalities")[1].split("\n## ")[0]
    assert "| full  |    3 | 0.90 ± 0.25 | 1.10 ± 0.25 | 1.30 ± 0.25 |" in section
    assert "30%" in section
    assert "w/o audio" in section
    assert "audio only" in section
    assert "figures/missing-modalities.svg" in section
    assert (tmp_path / "figures" / "missing-modalities.svg").exists()
    lines = (tmp_path / "tables" / "missing.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * (4 * 2 + 4), "two arms, four conditions of two metrics, and nothing missing of four"
    assert (tmp_path / "tables" / "missing-rates.tex").exists()


def test_a_study_that_asks_for_nothing_has_no_such_section() -> None:
    section = analyse(make_study(("full", "no_ca"), folds=(None,)), records_of()).section(MissingSection)
    assert (section.markdown(), section.figures(), section.latex_tables()) == ("", (), ())
    only_fixed = analyse(study_of("no-audio"), records_of()).section(MissingSection).markdown()
    assert "Missing at random" not in only_fixed


def test_records_and_descriptions_keep_it() -> None:
    record = replace(records_of()[0], test_missing={"rate-0.3": {"mae": 1.0, "corr": float("nan")}})
    stored = record_to_json(record)
    assert stored["test_missing"] == {"rate-0.3": {"mae": 1.0, "corr": "nan"}}
    assert record_from_json(stored).test_missing["rate-0.3"]["mae"] == 1.0
    del stored["test_missing"]
    assert record_from_json(stored).test_missing == {}, "records of earlier versions"
    study = study_of(*CONDITIONS)
    assert study_from_json(study_to_json(study)) == study
    with pytest.raises(NotAsWritten):
        study_from_json({**study_to_json(study), "confirm": {"missing": "no-audio"}})
