"""``dmd-predict``: the models of a study on other data, and what it refuses."""

from __future__ import annotations

import csv
import io
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from dmd.data.formats.planted import planted_bytes
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.data.samples.target import Target
from orchestration.cli.predict import app
from orchestration.finished_study.new_predictions import NewPredictions
from orchestration.finished_study.seen_clips import CLIPS_FILE, read_clips
from tests.orchestration.command_line import records_in
from tests.orchestration.finished_study.small_study import run_study

DATA = "planted:num_videos=9,clips_per_video=2"
SPEC = PlantedSpec(num_videos=9, clips_per_video=2)
MODELS = [f"fold{fold}_seed{seed}" for fold in range(3) for seed in (1, 2)]


def predict(study: Path, data: str, out: Path, *more: str) -> Result:
    return CliRunner().invoke(app, [str(study), data, "--out", str(out), *more], catch_exceptions=False)


def rows_of(study: Path, data: str, out: Path, *more: str) -> list[dict[str, str]]:
    done = predict(study, data, out, *more)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{out}\n"
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def content(**changes: Any) -> dict[str, Any]:
    """The planted data as the dictionary of a pickle."""
    loaded: dict[str, Any] = pickle.loads(planted_bytes(SPEC))
    return loaded | changes


def write(path: Path, value: object) -> str:
    path.write_bytes(pickle.dumps(value))
    return str(path)


def without(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


@pytest.mark.parametrize("arm", ["lf_lstm", "ridge"])
def test_each_fold_predicts_its_own_test_part_as_the_ledger_has_it(finished: Path, tmp_path: Path, arm: str) -> None:
    rows = rows_of(finished, DATA, tmp_path / "p.csv", *([] if arm == "lf_lstm" else ["--arm", arm]))
    assert list(rows[0]) == ["id", "split", "seen_by", "mean", "mean_unseen", *MODELS]
    found = {row["id"]: row for row in rows}
    confirmed = [r for r in records_in(finished).values() if (r.arm, r.stage) == (arm, "confirm")]
    assert len(confirmed) == len(MODELS)
    for record in confirmed:
        assert record.predictions is not None
        column = f"fold{record.fold}_seed{record.seed}"
        values = [float(found[item][column]) for item in record.predictions.ids]
        assert values == pytest.approx(record.predictions.values.tolist(), abs=1e-6)
    for row in rows:
        assert float(row["mean"]) == pytest.approx(np.mean([float(row[model]) for model in MODELS]), abs=1e-6)


def test_clips_of_the_study_are_told_and_their_held_out_mean_is_given(finished: Path, tmp_path: Path) -> None:
    """Of three folds each clip trains or validates in two, with two seeds each; the third has tested it."""
    done = predict(finished, DATA, tmp_path / "p.csv")
    assert done.stderr.splitlines()[1] == (
        "seen: 18 of 18 items in training or validation of 4 of 6 models; scores of their mean are not held-out ones "
        "(mean_unseen is the mean of the models that had not)"
    )
    tested = {
        item: f"fold{record.fold}"
        for record in records_in(finished).values()
        if record.predictions is not None and record.arm == "lf_lstm"
        for item in record.predictions.ids
    }
    for row in rows_of(finished, DATA, tmp_path / "q.csv"):
        assert row["seen_by"] == "4"
        unseen = [float(row[f"{tested[row['id']]}_seed{seed}"]) for seed in (1, 2)]
        assert float(row["mean_unseen"]) == pytest.approx(np.mean(unseen), abs=1e-6)


def test_clips_are_known_by_their_features_in_whatever_file_they_come(finished: Path, tmp_path: Path) -> None:
    table = content()["test"]
    bare = {"test": without(table, "regression_labels", "classification_labels", "id")}
    done = predict(finished, write(tmp_path / "bare.pkl", bare), tmp_path / "p.csv")
    number = len(table["id"])
    assert f"seen: {number} of {number} items in training or validation of 4 of 6 models" in done.stderr
    changed = {"test": {**table, "text": np.asarray(table["text"]) + 1}}
    done = predict(finished, write(tmp_path / "changed.pkl", changed), tmp_path / "p.csv")
    assert done.stderr.splitlines()[1] == (
        "none of the items was in training or validation of these models; "
        f"{number} further items with the id of a clip of the study, but other features: if it is the same clip, it is "
        "not held-out, either"
    )


def test_of_new_data_nothing_was_seen(finished: Path, tmp_path: Path) -> None:
    done = predict(finished, f"{DATA},seed=7", tmp_path / "p.csv")
    assert done.stderr.splitlines()[1] == "none of the items was in training or validation of these models"
    rows = rows_of(finished, f"{DATA},seed=7", tmp_path / "p.csv")
    assert list(rows[0]) == ["id", "split", "seen_by", "mean", *MODELS]
    assert {row["seen_by"] for row in rows} == {"0"}


def test_of_a_study_that_kept_no_list_of_its_clips_it_is_not_known(finished: Path, tmp_path: Path) -> None:
    study = tmp_path / "small"
    shutil.copytree(finished, study)
    (study / CLIPS_FILE).unlink()
    done = predict(study, DATA, tmp_path / "p.csv")
    assert "whether these models have seen the items is not known" in done.stderr
    assert {row["seen_by"] for row in rows_of(study, DATA, tmp_path / "p.csv")} == {""}


def npy() -> bytes:
    content = io.BytesIO()
    np.save(content, np.zeros(3))
    return content.getvalue()


def flipped(sound: bytes) -> bytes:
    """Every bit of the first array's compressed bytes."""
    return sound[:60] + bytes(255 - byte for byte in sound[60:100]) + sound[100:]


def misshapen() -> bytes:
    content = io.BytesIO()
    np.savez(content, ids=np.array(["a"]), prints=np.array(["a"]), cells=np.zeros((1, 3)), seen=np.ones((1, 1)))
    return content.getvalue()


def test_a_damaged_list_of_clips_is_none_and_the_next_session_writes_it_again(finished: Path, tmp_path: Path) -> None:
    path = tmp_path / "runs" / "small" / CLIPS_FILE
    shutil.copytree(finished, path.parent)
    sound = path.read_bytes()
    for damaged in (b"", npy(), flipped(sound), sound[:-30], misshapen()):
        path.write_bytes(damaged)
        assert read_clips(path.parent) is None
    done = predict(path.parent, DATA, tmp_path / "p.csv")
    assert done.exit_code == 0
    assert "has no list of its clips that can be read; its dmd-search command once more writes one" in done.stderr
    run_study(tmp_path)
    assert "seen: 18 of 18 items" in predict(path.parent, DATA, tmp_path / "p.csv").stderr


def test_labels_ids_and_splits_may_be_missing(finished: Path, tmp_path: Path) -> None:
    known = rows_of(finished, DATA, tmp_path / "known.csv")
    bare = {"test": without(content()["test"], "regression_labels", "classification_labels", "id")}
    rows = rows_of(finished, write(tmp_path / "bare.pkl", bare), tmp_path / "p.csv")
    expected = [row["mean"] for row in known if row["split"] == "test"]
    assert [row["split"] for row in rows] == ["test"] * len(expected)
    assert [float(row["mean"]) for row in rows] == pytest.approx([float(value) for value in expected], abs=1e-6)
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("vision", ["vision", "video"], ids=["MMSA-FET", "earlier MMSA-FET"])
def test_one_video_of_mmsa_fet_is_read(finished: Path, tmp_path: Path, vision: str) -> None:
    """``run_single`` gives (T, D) per modality, unpadded, and (3, T) of tokens."""
    known = rows_of(finished, DATA, tmp_path / "known.csv")
    test = content()["test"]
    steps = {key: np.asarray(test[key][0]) for key in ("text", "audio", "vision")}
    cut = {key: value[: np.flatnonzero((value != 0).any(1))[-1] + 1] for key, value in steps.items()}
    single = {"text": cut["text"], "audio": cut["audio"], vision: cut["vision"]}
    (row,) = rows_of(finished, write(tmp_path / "clip_7.pkl", single), tmp_path / "p.csv")
    assert (row["id"], row["split"]) == ("clip_7", "video")
    expected = next(other for other in known if other["id"] == test["id"][0])
    assert float(row["mean"]) == pytest.approx(float(expected["mean"]), abs=1e-6)


def test_what_does_not_fit_is_refused_line_by_line(finished: Path, tmp_path: Path) -> None:
    done = predict(finished, f"{DATA},language_width=21,audio_width=9", tmp_path / "p.csv")
    assert done.exit_code == 2
    assert [line.split(": ", 2)[2] for line in done.stderr.splitlines()] == [
        f"{m} has {here} features per step, and the study's models take {there}; extract it as for the study"
        for m, here, there in (("language", 21, 20), ("audio", 9, 8))
    ]
    assert not (tmp_path / "p.csv").exists()


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        ("weights", "they were trained before weights were kept"),
        ("nothing", "the study has `confirm: {keep: nothing}`"),
    ],
)
def test_weights_that_are_not_here_are_named_with_the_reason(
    finished: Path, tmp_path: Path, keep: str, reason: str
) -> None:
    study = tmp_path / "small"
    shutil.copytree(finished, study)
    manifest = study / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"keep": "weights"', f'"keep": "{keep}"'))
    lost = next(r for r in records_in(study).values() if (r.arm, r.fold, r.seed) == ("lf_lstm", 1, 2))
    (study / "artifacts" / f"{lost.trial_id}.pt").unlink()
    done = predict(study, DATA, tmp_path / "p.csv")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {study}: arm lf_lstm: 1 of 6 models are not here (fold1_seed2): {reason}")


def test_reused_trials_whose_weights_are_elsewhere_are_named(finished: Path, tmp_path: Path) -> None:
    known = tmp_path / "known"
    shutil.copytree(finished, known, ignore=shutil.ignore_patterns("*.pt"))
    study = run_study(tmp_path, only=("ridge",), reuse=(str(known),))
    done = predict(study, DATA, tmp_path / "p.csv", "--arm", "ridge")
    assert done.exit_code == 2
    assert "6 of 6 models are not here" in done.stderr
    assert "their results were reused from study small in known, and its weights were not at hand" in done.stderr


def test_an_arm_that_is_not_there_and_a_study_that_is_none_are_refused(finished: Path, tmp_path: Path) -> None:
    assert "no arm 'rigde'; did you mean 'ridge'" in predict(finished, DATA, tmp_path / "p", "--arm", "rigde").stderr
    assert "no study here" in predict(tmp_path, DATA, tmp_path / "p").stderr


def test_no_name_in_the_table_is_a_formula_and_clips_keep_theirs() -> None:
    target = Target("classes", ("sad", "glad"))
    found = NewPredictions(
        arm="full",
        ids=("-3g5yACwYnA$_$1", "=1+1"),
        splits=("test", "=t"),
        models={"m": np.float32([[0.9, 0.1]] * 2)},
        target=target,
        seen={"m": np.array([True, False])},
    )
    heading, *rows = csv.reader(io.StringIO(found.to_csv()))
    unseen = ["mean_unseen_sad", "mean_unseen_glad"]
    assert heading == ["id", "split", "seen_by", "class", "mean_sad", "mean_glad", *unseen, "m_sad", "m_glad"]
    assert [row[:4] for row in rows] == [["-3g5yACwYnA$_$1", "test", "1", "sad"], ["'=1+1", "'=t", "0", "sad"]]
    assert [row[6] for row in rows] == ["", rows[1][4]], "no model is left that had not seen the first"
