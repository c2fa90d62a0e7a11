"""What a report has nothing to say about is one line at its end, with the reason, and no section says it besides."""

from __future__ import annotations

from dataclasses import replace

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.sections.left_out.section import left_out_sentence
from reports.sections.section import LeftOut
from tests.reports.example_studies import failed, make_records, make_study


def test_what_has_the_same_reason_is_said_together() -> None:
    items = (LeftOut("a", "x"), LeftOut("b", "y"), LeftOut("c", "x"), LeftOut("d", "x"))
    assert left_out_sentence(items) == "Nothing to say about: a, c and d, because x; b, because y."
    assert left_out_sentence(()) == ""


def test_a_study_without_search_contrasts_and_failures_says_so_once_at_its_end() -> None:
    study = replace(make_study(contrasts=()), search={})
    records = [r for r in make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__) if r.stage == "confirm"]
    text = render_markdown(analyse(study, records))
    end = text[text.index("## Left out") :]
    assert len(end.strip().splitlines()) == 3, "heading and one line"
    assert "hyperparameters and the tuning budget, because nothing was searched" in end
    assert "because no contrast was declared" in end
    assert "failures, because no trial failed" in end
    for silent in ("Not computed", "Nothing was searched", "No trial failed", "Nothing to show"):
        assert silent not in text
    for heading in ("Budget", "Failures", "Contrasts", "Inside the models"):
        assert f"## {heading}\n" not in text


def test_what_there_is_something_to_say_about_is_not_in_the_line() -> None:
    study = make_study()
    records = make_records(study, {"full": 0.9, "no_ca": 0.95}.__getitem__)
    records[0] = failed(records[0])
    text = render_markdown(analyse(study, records))
    end = text[text.index("## Left out") :]
    assert "## Failures" in text
    assert "failures" not in end
    assert "budget" not in end
