"""Data without a modality: no zeros in the file, and whoever needs it is refused by name before anything starts."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import convert_dataset, load_dataset, open_dataset
from dmd.data.formats.planted import planted_dataset
from dmd.data.formats.planted_spec import PlantedSpec
from dmd.errors import DataError
from orchestration.cli.data import app
from orchestration.process.errors import UsageError
from reports.analysis import analyse
from reports.output.markdown import render_markdown
from tests.orchestration.short_studies import prepare_text, run_study

TWO = Declared(modalities=("language", "audio"))
TINY = "width: 8, heads: 2, levels: 1, max_epochs: 1, gd.size_homo: 4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``whole.pkl`` has three modalities, ``two.pkl`` is the same without vision."""
    content, place = planted_dataset(PlantedSpec(num_videos=9, clips_per_video=6)), tmp_path_factory.mktemp("data")
    (place / "whole.pkl").write_bytes(pickle.dumps(content))
    for table in content.values():
        del table["vision"], table["vision_lengths"]
    (place / "two.pkl").write_bytes(pickle.dumps(content))
    return place


def space(data: str, model: str, arms: str = "{models: [median]}", more: str = "") -> str:
    return (
        f"study: small\ndata: {{path: {data}}}\nmodel: {model}\narms: {arms}\n"
        f"confirm: {{seeds: 1, details: false}}\n{more}"
    )


SAYS_SO = "The data have no vision: every arm is shown language and audio alone."
LACKING = "two.pkl, modalities: [language, audio]"


def test_a_missing_key_says_what_to_write(folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_dataset(folder / "two.pkl")
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["train/vision", "valid/vision", "test/vision"]
    remedy = "write `data.modalities: [language, audio]` (dmd-data: `--modalities language,audio`)"
    assert all(line.endswith(f"if the data do not have it, {remedy}") for line in lines)


def test_a_modality_that_is_not_declared_is_not_read(folder: Path, tmp_path: Path) -> None:
    two, whole = load_dataset(folder / "two.pkl", TWO), load_dataset(folder / "whole.pkl", TWO)
    assert two.modalities == ("language", "audio")
    assert two.content_hash == whole.content_hash != load_dataset(folder / "whole.pkl").content_hash
    converted = convert_dataset(str(folder / "two.pkl"), tmp_path / "two", declared=TWO)
    assert (converted.modalities, converted.content_hash) == (two.modalities, two.content_hash)
    assert open_dataset(str(tmp_path / "two")).modalities == two.modalities, "a folder knows what it has"
    convert_dataset(str(folder / "whole.pkl"), tmp_path / "whole")
    mapped = open_dataset(str(tmp_path / "whole"), declared=TWO)
    for name in ("content_hash", "modalities", "file_padding", "non_finite", "clamped_lengths", "widths"):
        assert getattr(mapped, name) == getattr(two, name), name
    with pytest.raises(DataError, match=r"the folder has no vision; it has language, audio"):
        open_dataset(str(tmp_path / "two"), declared=Declared(modalities=("language", "audio", "vision")))


def test_who_can_do_without_gives_the_numbers_of_a_hidden_modality(folder: Path) -> None:
    arms = "{modalities: all, models: [median, {name: unimodal, modality: audio, width: 8, heads: 2, max_epochs: 1}]}"
    study, records = run_study(prepare_text(space(LACKING, "ridge", arms), folder))
    assert [arm.name for arm in study.arms] == ["ridge", "only-language", "only-audio", "median", "unimodal"]
    assert study.data["modalities"] == ["language", "audio"]
    assert study.arms[0].settings["modalities"] == "language+audio", "settings say what was shown"
    assert [contrast.isolates for contrast in study.contrasts[:2]] == ["audio", "language"]
    hidden = "{name: ridge, modalities: language+audio}"
    _, beside = run_study(prepare_text(space("whole.pkl", hidden), folder))
    for name in ("ridge", "median"):
        ours, theirs = (next(r for r in found if r.arm == name) for found in (records, beside))
        assert ours.test is not None
        assert ours.test == pytest.approx(dict(theirs.test or {}), abs=1e-6), name
    report = render_markdown(analyse(study, records))
    assert "modalities: language, audio" in report
    assert f"\n- {SAYS_SO}\n" in report.split("## What was run")[0]
    assert "vision" not in report.replace(SAYS_SO, ""), "of what is not there nothing else is said"


def test_dmd_is_refused_by_arm_and_component_and_runs_with_a_blank(folder: Path) -> None:
    arms = "{ablation: {rows: [{hetero_gd: false}]}, models: [{name: mult, width: 8, heads: 2}, ridge]}"
    with pytest.raises(UsageError) as caught:
        prepare_text(space(LACKING, f"{{name: dmd, {TINY}}}", arms), folder)
    lines = str(caught.value).splitlines()
    assert [line.split(" needs vision")[0] for line in lines] == [
        "arm 'full' (dmd with fd, homo_gd, ca, hetero_gd)",
        "arm 'no-hetero_gd' (dmd with fd, homo_gd, ca)",
        "arm 'mult' (mult with ca)",
    ]
    assert all("`modalities: language+audio` in its settings shows it a blank" in line for line in lines)
    assert all("unimodal, ridge, median" in line for line in lines)
    shown = f"{{name: dmd, modalities: language+audio, {TINY}}}"
    _, records = run_study(prepare_text(space(LACKING, shown), folder))
    assert {record.status for record in records} == {"completed"}


@pytest.mark.parametrize(
    ("model", "arms", "more", "words"),
    [
        ("{name: unimodal, modality: vision}", "{models: [median]}", "", "arm 'unimodal' (unimodal) needs vision"),
        (
            "{name: unimodal, width: 8, heads: 2}",
            "{models: [median]}",
            "search: {parameters: {modality: {choice: [language, vision]}}, trials: 2}\n",
            "with modality vision as its search may have it, needs vision",
        ),
    ],
)
def test_what_is_searched_or_read_alone_is_asked_too(
    folder: Path, model: str, arms: str, more: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        prepare_text(space(LACKING, model, arms, more), folder)
    assert words in str(caught.value)


def test_a_search_may_avoid_what_the_arm_alone_would_need(folder: Path) -> None:
    named, model = "whole.pkl, modalities: [audio, vision]", "{name: unimodal, width: 8, heads: 2}"
    searched = "search: {parameters: {modality: {choice: [CHOICES]}}, trials: 2}\n"
    ready = prepare_text(space(named, model, more=searched.replace("CHOICES", "audio, vision")), folder)
    assert ready.planned.size.num_search == 2
    with pytest.raises(UsageError, match="with modality language as its search may have it, needs language"):
        prepare_text(space(named, model, more=searched.replace("CHOICES", "audio, language")), folder)


def test_subsets_are_those_of_what_there_is(folder: Path) -> None:
    for subset, words in (
        ("audio+vision", "needs vision, which data.modalities leaves out"),
        ("language+audio", "has every modality, which is the baseline itself"),
    ):
        with pytest.raises(Exception, match=words):
            prepare_text(space(LACKING, "ridge", f"{{modalities: [{subset}]}}"), folder)


def test_a_folder_without_a_modality_is_asked_though_the_space_says_nothing(folder: Path, tmp_path: Path) -> None:
    convert_dataset(str(folder / "two.pkl"), tmp_path / "two", declared=TWO)
    with pytest.raises(UsageError, match=r"arm 'dmd' .* needs vision"):
        prepare_text(space("two", f"{{name: dmd, {TINY}}}"), tmp_path)
    with pytest.raises(UsageError, match=r"arms.modalities\[0\]: needs vision"):
        prepare_text(space("two", "ridge", "{modalities: [vision]}"), tmp_path)
    assert prepare_text(space("two", "ridge"), tmp_path).dataset.modalities == ("language", "audio")


def test_language_may_be_what_is_missing(folder: Path) -> None:
    named = "whole.pkl, modalities: [vision, audio]"
    ready = prepare_text(space(named, "ridge"), folder)
    assert ready.dataset.modalities == ("audio", "vision")
    with pytest.raises(DataError, match="the data have no language"):
        ready.dataset.require_tokens()
    study, _ = run_study(ready)
    assert (study.data["text"], study.data["aligned"]) == ("none", False)


def test_inspect_shows_what_there_is(folder: Path) -> None:
    def call(*more: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["inspect", str(folder / "two.pkl"), *more])
        return done.exit_code, done.output

    code, text = call("--modalities", "audio,language")
    assert code == 0
    assert "    audio " in text
    assert "    vision" not in text
    assert f"caution       {SAYS_SO}" in text
    assert call("--modalities", "audio,smell")[0] == 2


def test_vectors_without_vision_are_read_as_well(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays = {
        f"{split}/{key}": random.normal(size=(n, 4)) if key != "labels" else random.uniform(-3, 3, n)
        for split, n in (("train", 8), ("valid", 4), ("test", 4))
        for key in ("text", "audio", "labels")
    } | {
        f"{split}/id": np.array([f"{split}{i}$_$0" for i in range(n)])
        for split, n in (("train", 8), ("valid", 4), ("test", 4))
    }
    np.savez(tmp_path / "data.npz", **arrays)
    assert load_dataset(tmp_path / "data.npz", TWO).max_steps == {"language": 1, "audio": 1, "vision": 1}
