"""A study that the code before the modules' move began, and that was killed, is continued by today's code.

``begun_before`` holds what commit be4cf7b left of it after six of thirteen trials (ledger and manifest), and the
``runs.csv`` of the same study where that commit finished it: made once, by ``dmd-search --space space.yaml --executor
inline``.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dmd
from dmd.kernels import native
from orchestration.cli.search import app
from orchestration.node_setup import fingerprint
from orchestration.node_setup.fingerprint import code_digest, take_fingerprint
from orchestration.planning.planned_study import method_context
from search_spaces.terms.trial import Arm

BEGUN = Path(__file__).with_name("begun_before")
CODE_THEN = "46a6de4c3a92"
"""The digest of be4cf7b's ``dmd``, as its manifest says."""


def read_runs(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(not native.is_available(), reason="the study began with compiled passes")
def test_what_earlier_code_began_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "begun-before"
    shutil.copytree(BEGUN, study, ignore=shutil.ignore_patterns("*.yaml", "*.csv"))
    # that its numbers are today's is what the table states, and what the last lines of this test see
    monkeypatch.setattr(fingerprint, "SAME_NUMBERS", {code_digest(Path(dmd.__file__).parent): CODE_THEN})

    done = CliRunner().invoke(
        app, ["--space", str(BEGUN / "space.yaml"), "--out", str(tmp_path), "--executor", "inline", "--quiet"]
    )

    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in (study / "ledger.jsonl").read_text().splitlines()]
    endings = Counter(event["data"]["trial_id"] for event in told if event["kind"] == "tell")
    assert len(endings) == 13
    assert set(endings.values()) == {1}
    assert [event["seq"] for event in told] == list(range(1, len(told) + 1))
    for then, now in zip(read_runs(BEGUN / "runs.csv"), read_runs(study / "tables" / "runs.csv"), strict=True):
        assert then.keys() == now.keys()
        for name, value in then.items():
            try:
                expected: object = pytest.approx(float(value), rel=1e-4)  # of another processor, perhaps
            except ValueError:
                assert now[name] == value
            else:
                assert float(now[name]) == expected, (then["arm"], name)


def test_a_digest_stands_for_earlier_code_only_where_the_table_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    own = code_digest(Path(dmd.__file__).parent)
    monkeypatch.setattr(fingerprint, "SAME_NUMBERS", {})
    assert take_fingerprint("cpu", 1, 1).code == own
    monkeypatch.setattr(fingerprint, "SAME_NUMBERS", {own: CODE_THEN, "of other code": "older"})
    assert take_fingerprint("cpu", 1, 1).code == CODE_THEN


def test_a_method_whose_numbers_have_changed_since_is_another_trial() -> None:
    """The table speaks for all methods; one that it is not true of counts its own changes."""
    arms = {name: Arm(name, name, "model", name, {}, {}) for name in ("lf_lstm", "lf_dnn", "ridge")}
    contexts = {name: method_context("c", arm) for name, arm in arms.items()}
    assert contexts["lf_dnn"] == contexts["ridge"] == "c"
    assert contexts["lf_lstm"] != "c"
