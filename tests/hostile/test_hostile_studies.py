"""Studies from strangers: ledgers, manifests, details and prediction files that want more than to be read."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from markdown_it import MarkdownIt

from dmd.training.checkpoint import FILE, CheckpointRefused, decode_state, encode_state
from dmd.training.weights import WeightsRefused, decode_weights
from orchestration.ledger.events import Event, encode_event
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.process.atomic_files import write_whole
from reports.records.details import details_in, encode_details
from tests.hostile.archives import ARCHIVES, Touches, described, member_of, pack
from tests.hostile.contained import Container
from tests.hostile.pickles import BOMBS, GADGETS
from tests.hostile.test_hostile_data import require_refused
from tests.orchestration.command_line import run, write_space


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study, without search, made in this process."""
    root = tmp_path_factory.mktemp("study")
    done = run("dmd-search", "--space", str(write_space(root)), "--out", str(root), "--executor", "inline")
    assert done.returncode == 0, done.stderr
    return root / "small"


def copy_of(study: Path, target: Path) -> Path:
    """Manifest and ledger of the study, to be spoiled."""
    target.mkdir()
    for name in ("manifest.json", LEDGER_FILE):
        (target / name).write_bytes((study / name).read_bytes())
    return target


def spoil_records(study: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what every line of the ledger says, with a checksum that fits: a stranger can compute one too."""
    lines = []
    for number, line in enumerate((study / LEDGER_FILE).read_bytes().splitlines(), 1):
        content = json.loads(line)
        change(content["data"])
        lines.append(encode_event(Event(number, content["at"], content["kind"], content["data"])))
    (study / LEDGER_FILE).write_bytes(b"".join(lines))


def _rename_trials(name: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        if "trial_id" in data:
            data["trial_id"] = name
        if "record" in data:
            data["record"]["trial_id"] = name

    return change


def _rename_records(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["record"].update(trial_id=name) if "record" in data else None


def _line(body: bytes) -> bytes:
    import zlib

    return body[:-1] + b',"check":"%08x"}\n' % zlib.crc32(body)


def _sparse(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(1 << 40)


LEDGERS: Mapping[str, Callable[[Path], object]] = {
    "ids that lead out": lambda path: spoil_records(path, _rename_trials("../../../canary")),
    "absolute ids": lambda path: spoil_records(path, _rename_trials("/etc/passwd")),
    "ids of records that lead out": lambda path: spoil_records(path, _rename_records("../../canary")),
    "ids with NUL": lambda path: spoil_records(path, _rename_trials("a\0b")),
    "ids that are lists": lambda path: spoil_records(path, lambda data: data.update(trial_id=["x"])),
    "arms that are numbers": lambda path: spoil_records(
        path, lambda data: data["record"].update(arm=3) if "record" in data else None
    ),
    "100,000 deep": lambda path: (path / LEDGER_FILE).write_bytes(
        _line(b'{"seq":1,"at":1,"kind":"start","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    ),
    "data that are none": lambda path: (path / LEDGER_FILE).write_bytes(
        _line(b'{"seq":1,"at":1,"kind":"tell","data":7}')
    ),
    "endless line": lambda path: _sparse(path / LEDGER_FILE),
    "a device": lambda path: ((path / LEDGER_FILE).unlink(), (path / LEDGER_FILE).symlink_to("/dev/zero")),
    "a pipe": lambda path: ((path / LEDGER_FILE).unlink(), os.mkfifo(path / LEDGER_FILE)),
    "manifest, 100,000 deep": lambda path: (path / "manifest.json").write_text("[" * 100_000),
    "manifest that is a pipe": lambda path: ((path / "manifest.json").unlink(), os.mkfifo(path / "manifest.json")),
    "manifest that is a device": lambda path: (
        (path / "manifest.json").unlink(),
        (path / "manifest.json").symlink_to("/dev/zero"),
    ),
}


@pytest.mark.parametrize("name", LEDGERS)
def test_a_hostile_study_is_refused_by_one_line(container: Container, study: Path, tmp_path: Path, name: str) -> None:
    hostile = copy_of(study, tmp_path / "hostile")
    LEDGERS[name](hostile)
    outcome = container.run("dmd-report", str(hostile))
    require_refused(outcome, str(hostile))
    assert {path.name for path in hostile.iterdir()} == {"manifest.json", LEDGER_FILE}


MANIFESTS: Mapping[str, str] = {
    "half a pair of UTF-16": '"\\ud800"',
    "a name of three million letters": json.dumps("x" * 3_000_000),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_names_that_no_figure_can_show_are_refused(
    container: Container, study: Path, tmp_path: Path, name: str
) -> None:
    hostile = copy_of(study, tmp_path / "hostile")
    content = (hostile / "manifest.json").read_text()
    assert '"full model"' in content
    (hostile / "manifest.json").write_text(content.replace('"full model"', MANIFESTS[name]))
    require_refused(container.run("dmd-report", str(hostile)), str(hostile))


SAID_BY_NO_VERSION: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "no trial": lambda data: data.pop("trial", None),
    "no record": lambda data: data.pop("record", None),
    "metrics that are words": lambda data: data.update(metrics={"valid/mae": "abc"}) if "metrics" in data else None,
    "epochs that are words": lambda data: data.update(epoch="x") if "epoch" in data else None,
    "a status of its own": lambda data: data["record"].update(status="x") if "record" in data else None,
    "predictions without items": lambda data: (
        data["record"].update(predictions={"ids": [], "groups": [], "labels": [], "values": []})
        if "record" in data
        else None
    ),
}
TAKEN_UP: Mapping[str, Callable[[Path], object]] = {
    **LEDGERS,
    **{name: lambda path, change=change: spoil_records(path, change) for name, change in SAID_BY_NO_VERSION.items()},
}
QUICK = ("a pipe", "ids of records that lead out", "no trial", "metrics that are words", "predictions without items")


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.long) for n in TAKEN_UP])
def test_a_hostile_study_cannot_be_continued_and_gives_no_results(
    container: Container, study: Path, tmp_path: Path, name: str
) -> None:
    hostile = copy_of(study, tmp_path / "small")
    TAKEN_UP[name](hostile)
    space = ("dmd-search", "--space", str(study.parent / "small.yaml"), "--executor", "inline", "--quiet")
    require_refused(container.run(*space, "--out", str(tmp_path)), str(hostile))
    assert {path.name for path in tmp_path.iterdir()} == {"small"}
    taken = container.run(*space, "--out", str(tmp_path / "other"), "--dry-run", "--reuse", str(hostile))
    assert taken.code in (0, 2), taken.stderr
    assert "Traceback" not in taken.stderr


@pytest.mark.parametrize("name", ["ledger.lock", "tracking.lock", "manifest.tmp", "checkpoints", "logs/study.log"])
def test_a_link_in_a_study_leads_no_writer_out(container: Container, study: Path, tmp_path: Path, name: str) -> None:
    hostile = copy_of(study, tmp_path / "small")
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (hostile / name).parent.mkdir(exist_ok=True)
    (hostile / name).symlink_to(precious)
    space = ("dmd-search", "--space", str(study.parent / "small.yaml"), "--executor", "inline", "--quiet")
    require_refused(container.run(*space, "--out", str(tmp_path)), f"{hostile / name}: is a link")
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("name", ["tables", "figures"])
def test_a_link_in_a_study_leads_no_report_out(container: Container, study: Path, tmp_path: Path, name: str) -> None:
    hostile = copy_of(study, tmp_path / "small")
    (tmp_path / "elsewhere").mkdir()
    (hostile / name).symlink_to(tmp_path / "elsewhere")
    require_refused(container.run("dmd-report", str(hostile)), str(hostile))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_name_of_a_study_cannot_choose_where_its_report_goes(
    container: Container, study: Path, tmp_path: Path
) -> None:
    hostile = copy_of(study, tmp_path / "hostile")
    manifest = json.loads((hostile / "manifest.json").read_text())
    manifest["description"]["study"] = "../../canary"
    (hostile / "manifest.json").write_text(json.dumps(manifest))
    require_refused(container.run("dmd-report", str(hostile), str(study)), str(hostile))


def test_markup_in_names_stays_text_and_files_stay_in_the_directory(
    container: Container, study: Path, tmp_path: Path
) -> None:
    hostile = copy_of(study, tmp_path / "hostile")
    evil = "<script>alert(1)</script>../../x![](http://example.com/a.png)[a](javascript:b)"
    content = (hostile / "manifest.json").read_text().replace('"ridge"', json.dumps(evil))
    content = content.replace('"full model"', json.dumps(f"full model {evil}"))
    (hostile / "manifest.json").write_text(content)
    spoil_records(
        hostile, lambda data: data["record"].update(arm=evil) if data.get("record", {}).get("arm") == "ridge" else None
    )
    outcome = container.run("dmd-report", str(hostile))
    assert outcome.code == 0, outcome.stderr
    page = (hostile / "report.html").read_text()
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert 'src="http' not in page
    assert 'href="javascript' not in page
    text = MarkdownIt("commonmark", {"html": True}).render((hostile / "report.md").read_text())
    assert "alert(1)" in text
    assert not any(sign in text for sign in ("<script>alert", 'src="http', 'href="javascript'))
    assert {path.name for path in tmp_path.iterdir()} == {"hostile"}
    made = {path.relative_to(hostile).parts[0] for path in hostile.rglob("*")}
    assert made == {"manifest.json", LEDGER_FILE, "report.md", "report.html", "tables", "figures", "spaces_as_run"}


DETAILS: Mapping[str, Callable[[Path], bytes]] = {
    **{
        name: ARCHIVES[name]
        for name in ("bomb", "object array", "code in a header", "huge shape", "overlapping members")
    },
    "packed": lambda canary: pack({"edges/homo.npy": member_of(np.zeros((2, 6), np.float32))}),
    "object array, not packed": lambda canary: pack(
        {"edges/homo.npy": member_of(np.array([Touches(canary)], dtype=object), allow_pickle=True)}, 0
    ),
    "no bytes, many values": lambda canary: pack({"edges/homo.npy": described("'|S0'", f"({10**12},)")}, 0),
    "a pickle": lambda canary: GADGETS["os.system"](canary),
}


@pytest.mark.parametrize("name", DETAILS)
def test_hostile_details_are_left_out_of_the_report(
    container: Container, study: Path, tmp_path: Path, canary: Path, name: str
) -> None:
    hostile = copy_of(study, tmp_path / "hostile")
    (hostile / "artifacts").mkdir()
    details = list((study / "artifacts").glob("*.npz"))
    assert details
    for file in details:
        (hostile / "artifacts" / file.name).write_bytes(DETAILS[name](canary))
    outcome = container.run("dmd-report", str(hostile))
    assert outcome.code == 0, outcome.stderr[-2000:]
    left_out = [line.partition(": ")[0] for line in outcome.stderr.splitlines() if "is left out of the report" in line]
    assert {Path(path).name for path in left_out} == {file.name for file in details}
    assert outcome.grown_mb < 400
    assert not canary.exists()


def test_details_that_are_pipes_or_devices_are_absent(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.npz")
    (tmp_path / "b.npz").symlink_to("/dev/zero")
    (tmp_path / "c.npz").mkdir()
    read = details_in(tmp_path)
    assert [read(name) for name in "abc"] == [None] * 3
    (tmp_path / "d.npz").write_bytes(encode_details({"edges/homo": np.ones((2, 6), np.float32)}))
    assert read("d") is not None


STATES: Mapping[str, Callable[[Path], bytes]] = {
    **{f"pickle: {name}": write for name, write in GADGETS.items()},
    **{f"bomb: {name}": BOMBS[name] for name in ("nested lists", "shared lists", "forged size of bytes")},
    "torch, old form": lambda canary: _saved({"model": Touches(canary)}, is_zip=False),
    "torch, with an object": lambda canary: _saved({"model": Touches(canary)}),
    "torch, other content": lambda canary: _saved({"weights": torch.ones(2)}),
    "torch, packed": lambda canary: _packed(_saved({"weights": torch.zeros(1 << 24)})),
    "torch, huge tensor": lambda canary: _saved({"weights": torch.ones(2)}).replace(b"K\x02\x85", b"K\xff\x85"),
    "torch, cut off": lambda canary: _saved({"weights": torch.ones(2)})[:300],
    "zip of nothing": lambda canary: pack({}),
}


def _saved(content: object, is_zip: bool = True) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=is_zip)
    return stream.getvalue()


def _packed(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return pack({name: archive.read(name) for name in archive.namelist()})


@pytest.mark.parametrize("name", STATES)
def test_a_hostile_checkpoint_is_refused_by_one_line(canary: Path, name: str) -> None:
    with pytest.raises(CheckpointRefused) as caught:
        decode_state(STATES[name](canary))
    assert str(caught.value).startswith("checkpoint refused (")
    assert str(caught.value).isprintable()
    assert not canary.exists()


@pytest.mark.parametrize("name", STATES)
def test_hostile_weights_are_refused_by_one_line(canary: Path, name: str) -> None:
    with pytest.raises(WeightsRefused) as caught:
        decode_weights(STATES[name](canary), "sent.pt")
    assert str(caught.value).startswith("sent.pt: no weights of this program (")
    assert str(caught.value).isprintable()
    assert not canary.exists()


def test_a_trial_with_a_refused_checkpoint_begins_again(
    tmp_path: Path, canary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from dmd.data.formats.load import open_dataset
    from dmd.job import Checkpointing, FoldRef, Job
    from dmd.training.run import run_job

    dataset = open_dataset("planted:num_videos=6,clips_per_video=4")
    job = Job("ridge", {"max_epochs": 2}, 0, FoldRef("group", 3, 1, 0, 0, 0))
    expected = run_job(job, dataset, lambda report: True)
    write_whole(tmp_path / FILE, encode_state({"model": {}}))
    (tmp_path / "state.pt").write_bytes(GADGETS["os.system"](canary))
    found = run_job(job, dataset, lambda report: True, Checkpointing(tmp_path, write_whole))
    assert found.valid == expected.valid
    assert "the trial begins again" in caplog.text
    assert not canary.exists()


PREDICTIONS: Mapping[str, Callable[[Path], bytes]] = {
    **{f"npz: {name}": write for name, write in ARCHIVES.items()},
    "npz: object ids": lambda canary: pack(
        {
            "id.npy": member_of(np.array([Touches(canary)], dtype=object), allow_pickle=True),
            "seed.npy": member_of(np.zeros(1)),
            "prediction.npy": member_of(np.zeros(1)),
        }
    ),
    "npz: bomb": lambda canary: pack(
        {
            name: described("'<f8'", "(20000000,)", bytes(160_000_000))
            for name in ("id.npy", "seed.npy", "prediction.npy")
        }
    ),
    "csv: a field without an end": lambda canary: b'id,seed,prediction\n"' + b"x" * 5_000_000,
    "csv: NUL": lambda canary: b"id,seed,prediction\na\0b,0,1\n",
    "csv: many rows": lambda canary: b"id,seed,prediction\n" + b"a,0,0\n" * 1_000_001,
    "csv: many columns": lambda canary: b"id," * 500_000 + b"\n",
    "csv: huge numbers": lambda canary: b"id,seed,prediction\na,1e400," + b"9" * 100_000 + b"\n",
    "csv: formulas and paths": lambda canary: b"id,seed,prediction\n=cmd|' /C calc'!A0,0,1\n../../x,0,1\n",
    "pickle": lambda canary: GADGETS["os.system"](canary),
}


@pytest.mark.parametrize("name", PREDICTIONS)
def test_a_hostile_prediction_file_is_refused(container: Container, tmp_path: Path, canary: Path, name: str) -> None:
    (tmp_path / "file.bin").write_bytes(PREDICTIONS[name](canary))
    space = write_space(tmp_path / "space")
    external = f"arms.external=[{{arm: other, path: {tmp_path / 'file.bin'}}}]"
    outcome = container.run(
        "dmd-search", "--space", str(space), "--out", str(tmp_path / "runs"), "--dry-run", "--set", external
    )
    require_refused(outcome, str(tmp_path / "file.bin"), most_lines=21)
    assert not canary.exists()
    assert not (tmp_path / "runs").exists()
