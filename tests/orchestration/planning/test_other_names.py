"""A name that is no method, and known as something else, is explained wherever a method is asked for."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from orchestration.cli.search import app
from orchestration.planning.method_catalogue import describe_methods
from search_spaces.loading.load import load_text
from search_spaces.terms.problems import SpaceErrors

SPACE = "study: s\ndata: {path: planted}\nmodel: {name: dmd}\narms: {models: [NAME]}\nconfirm: {seeds: 1}\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text_lstm", "it is a preset of recurrent; write {name: recurrent, preset: text_lstm}"),
        ("text-lstm", "it is a preset of recurrent; write {name: recurrent, preset: text_lstm}"),
        ("tuned", "it is a preset of dmd; write {name: dmd, preset: tuned}"),
        ("hetero_gd", "it is a component of dmd; write {name: dmd, hetero_gd: false} for dmd without it"),
        ("HeteroGD", "it is a component of dmd; write {name: dmd, hetero_gd: false} for dmd without it"),
        ("EF-LSTM", "it is what ef_lstm is called in reports; write ef_lstm"),
        ("lstm-no-decay", "it is an arm of the packaged space lstm_gap; its method is recurrent"),
        ("mult-gd", "it is an arm of the packaged spaces mult, paper-mosei, paper-mosi; its method is mult"),
        ("ef_lsmt", "did you mean 'ef_lstm'?"),
        ("wav2vec", "known: dmd, "),
    ],
)
def test_a_space_that_names_it_is_told_what_to_write(name: str, said: str) -> None:
    with pytest.raises(SpaceErrors) as refused:
        load_text(SPACE.replace("NAME", name), describe_methods())
    (problem,) = refused.value.problems
    assert problem.path == "arms.models[0].name"
    assert said in problem.message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text_lstm", "no method 'text_lstm': it is a preset of recurrent; --describe recurrent tells of it"),
        ("no-ca", "no method 'no-ca': it is an arm of the packaged spaces ablation, factorial, "),
        ("ef_lsmt", "no method 'ef_lsmt'; did you mean 'ef_lstm'?"),
    ],
)
def test_so_is_whoever_asks_for_its_page(name: str, said: str) -> None:
    done = CliRunner().invoke(app, ["--describe", name])
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {said}")
