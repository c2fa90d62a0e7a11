"""What an extension overturned is said: the verdict before, what was added, the verdict since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reports.analysis import analyse
from reports.records.extension import Extension
from reports.records.run_record import RunRecord
from reports.records.serialise import study_from_json, study_to_json
from reports.records.study_description import Contrast, StudyDescription
from tests.reports.example_studies import EDGES, make_record, make_study

CA = EDGES[1]
GROWN = Extension(
    "2026-11-29T08:00:00+00:00", "again", ("+ confirm seeds 4, 5",), num_ended=30, num_scored=30, num_asked=30
)


def make_runs(gap_of: Sequence[float], arms: Sequence[str] = ("full", "no_ca")) -> list[RunRecord]:
    """Numbered seed by seed. gap_of: by how much the other arms are worse, of each seed."""
    records = []
    for seed, gap in enumerate(gap_of, start=1):
        for fold in range(5):
            for arm in arms:
                noise = 0.004 * ((seed * 7 + fold * 3 + len(arm)) % 5 - 2)
                mae = 0.9 + 0.02 * fold + (0.0 if arm == "full" else gap) + noise
                records.append(make_record(arm, seed, fold, mae, number=len(records)))
    return records


def changes_in(study: StudyDescription, records: list[RunRecord]) -> list[str]:
    return [sentence for sentence in analyse(study, records).answer if sentence.startswith("**Overturned")]


def test_a_verdict_that_more_seeds_took_back_is_told_with_both_sizes() -> None:
    study = replace(make_study(seeds=(1, 2, 3, 4, 5)), contrasts=(CA,), extensions=(GROWN,))
    records = make_runs((0.1, 0.1, 0.1, -0.3, -0.3))
    (sentence,) = changes_in(study_from_json(study_to_json(study)), records)
    assert sentence.startswith(
        "**Overturned by the extension of 2026-11-29** (+ confirm seeds 4, 5): CA given HeteroGD (full - no_ca), "
        "before: -0.100 MAE ("
    )
    before, since = sentence.split(", since: ")
    assert before.endswith("new data), full is better, with new seeds and for new groups")
    assert since.startswith("+0.06 MAE (")
    assert since.endswith("new data), no difference shown.")
    assert changes_in(replace(study, extensions=()), records) == []


def test_a_verdict_that_stayed_is_not_spoken_of() -> None:
    study = replace(make_study(seeds=(1, 2, 3, 4, 5)), contrasts=(CA,), extensions=(GROWN,))
    assert changes_in(study, make_runs((0.1,) * 5)) == []


def test_what_was_judged_then_is_judged_over_the_contrasts_of_then() -> None:
    """Twelve new contrasts raise what Holm asks of the first: a verdict can fall without another run of its arms."""
    arms = ("full", "no_ca", *(f"m{number}" for number in range(12)))
    more = tuple(Contrast("full", arm) for arm in arms[2:])
    study = make_study(arms, contrasts=(CA, *more))
    records = make_runs((0.008,) * 3)
    late = [
        make_record(arm, seed, fold, 0.905 + 0.02 * fold + 0.004 * ((seed + fold) % 3), number=30 + place)
        for place, (arm, seed, fold) in enumerate(
            (arm, seed, fold) for arm in arms[2:] for seed in (1, 2, 3) for fold in range(5)
        )
    ]
    alone = analyse(replace(study, contrasts=(CA,)), records).answer
    assert any(sentence.startswith(("Better", "Shown better")) for sentence in alone), "a claim to lose"
    extended = replace(GROWN, added=("+ 12 arms",))
    for before in (None, (("full", "no_ca"),)):
        whole = replace(study, extensions=(replace(extended, contrasts_before=before),))
        assert changes_in(whole, [*records, *late])


def test_where_trials_were_open_when_the_study_was_extended_nothing_is_said() -> None:
    study = replace(make_study(seeds=(1, 2, 3, 4, 5)), contrasts=(CA,), extensions=(GROWN,))
    records = make_runs((0.1, 0.1, 0.1, -0.3, -0.3))
    # Which 28 of the 30 had ended nobody recorded: the lowest numbers need not be theirs.
    open_then = replace(GROWN, num_scored=28, num_ended=28)
    for num_asked in (30, None):
        assert changes_in(replace(study, extensions=(replace(open_then, num_asked=num_asked),)), records) == []
    assert changes_in(replace(study, extensions=(replace(open_then, num_asked=28),)), records) != []
    assert changes_in(study, [replace(record, number=None) for record in records]) == []
    assert changes_in(replace(study, extensions=(replace(GROWN, num_scored=29),)), records) == []
