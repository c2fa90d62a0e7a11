"""Published facts, as printed."""

from __future__ import annotations

import numpy as np
import pytest

from reports.sections.paper_tables.published import (
    Printed,
    Setting,
    ablation_rows,
    find_ablation_row,
    graph_distillation_rows,
    is_published_data,
    method_rows,
    nearest_dataset,
    unimodal_rows,
)

ON = {"FD": True, "HomoGD": True, "CA": True, "HeteroGD": True}


def test_every_row_is_there() -> None:
    assert len(ablation_rows()) == 12
    assert len(method_rows()) == 21 + 19


@pytest.mark.parametrize(
    ("dataset", "off", "acc7", "f1"),
    [
        ("CMU-MOSI", (), 41.9, 83.5),
        ("CMU-MOSI", ("HeteroGD",), 38.8, 81.1),
        ("CMU-MOSI", ("CA",), 37.5, 80.6),
        ("CMU-MOSI", ("CA", "HeteroGD"), 37.2, 80.8),
        ("CMU-MOSI", ("HomoGD", "CA", "HeteroGD"), 34.7, 79.3),
        ("CMU-MOSEI", ("FD", "HomoGD", "CA", "HeteroGD"), 50.0, 81.9),
    ],
)
def test_table3_by_components(dataset: str, off: tuple[str, ...], acc7: float, f1: float) -> None:
    row = find_ablation_row(dataset, {**ON, **dict.fromkeys(off, False)})
    assert row is not None
    assert row.metrics == {"acc7": Printed(acc7), "f1_non0": Printed(f1)}


def test_a_combination_that_the_paper_does_not_have_has_no_row() -> None:
    assert find_ablation_row("CMU-MOSI", {**ON, "HomoGD": False}) is None


def test_full_rows_equal_the_unaligned_rows_of_the_comparison_tables() -> None:
    for dataset in ("CMU-MOSI", "CMU-MOSEI"):
        full = find_ablation_row(dataset, ON)
        own = [
            r
            for r in method_rows()
            if (r.dataset, r.method) == (dataset, "DMD") and r.setting == Setting("unaligned", "glove")
        ]
        assert full is not None
        assert [full.metrics["acc7"], full.metrics["f1_non0"]] == [own[0].metrics["acc7"], own[0].metrics["f1_non0"]]


def test_dataset_is_read_from_the_name() -> None:
    assert nearest_dataset("mosei_senti") == "CMU-MOSEI"
    assert nearest_dataset("mosi_heldout_ctx10") == nearest_dataset("planted") == "CMU-MOSI"


def test_the_summaries_of_table_4_are_those_of_its_rows() -> None:
    rows = {row.label: row for row in unimodal_rows()}
    assert list(rows) == ["L only", "V only", "A only", "Mean", "STD"]
    compared = 0
    for part in ("without_fd", "with_fd"):
        for metric in ("acc2_non0", "f1_non0"):
            values = [getattr(row, part)[metric].value for row in rows.values()]
            assert abs(np.mean(values[:3]) - values[3]) <= 0.05 + 1e-9
            assert abs(np.std(values[:3]) - values[4]) <= 0.05 + 1e-9  # the population's, ddof 0
            compared += 1
    assert compared == 4


def test_table_5_repeats_tables_1_and_2_where_it_cannot_be_read() -> None:
    assert len(graph_distillation_rows()) == 6
    repaired = 0
    for row in graph_distillation_rows():
        if row.method == "MulT (w/ GD)":
            assert not any(printed.is_repaired for printed in row.metrics.values())
            continue
        (other,) = [
            r
            for r in method_rows()
            if (r.dataset, r.method, r.setting) == (row.dataset, row.method, Setting("unaligned", "glove"))
        ]
        assert {n: p.value for n, p in row.metrics.items()} == {n: p.value for n, p in other.metrics.items()}
        repaired += sum(printed.is_repaired for printed in row.metrics.values())
    assert repaired == 5


def test_only_data_of_that_name_are_the_published_data() -> None:
    assert is_published_data("mosi_heldout_unaligned", "CMU-MOSI")
    assert not is_published_data("mosi_heldout_unaligned", "CMU-MOSEI")
    assert not is_published_data("planted", "CMU-MOSI")
