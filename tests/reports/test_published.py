"""Published facts, as printed."""

from __future__ import annotations

import pytest

from reports.published import ablation_rows, find_ablation_row, method_rows, nearest_dataset

ON = {"fd": True, "homo_gd": True, "ca": True, "hetero_gd": True}


def test_every_row_is_there() -> None:
    assert len(ablation_rows()) == 12
    assert len(method_rows()) == 21 + 19


@pytest.mark.parametrize(
    ("dataset", "off", "acc7", "f1"),
    [
        ("CMU-MOSI", (), 41.9, 83.5),
        ("CMU-MOSI", ("hetero_gd",), 38.8, 81.1),
        ("CMU-MOSI", ("ca",), 37.5, 80.6),
        ("CMU-MOSI", ("ca", "hetero_gd"), 37.2, 80.8),
        ("CMU-MOSI", ("homo_gd", "ca", "hetero_gd"), 34.7, 79.3),
        ("CMU-MOSEI", ("fd", "homo_gd", "ca", "hetero_gd"), 50.0, 81.9),
    ],
)
def test_table3_by_components(dataset: str, off: tuple[str, ...], acc7: float, f1: float) -> None:
    row = find_ablation_row(dataset, {**ON, **dict.fromkeys(off, False)})
    assert row is not None
    assert row.metrics == {"acc7": acc7, "f1_non0": f1}


def test_a_combination_that_the_paper_does_not_have_has_no_row() -> None:
    assert find_ablation_row("CMU-MOSI", {**ON, "homo_gd": False}) is None


def test_full_rows_equal_the_unaligned_rows_of_the_comparison_tables() -> None:
    for dataset in ("CMU-MOSI", "CMU-MOSEI"):
        full = find_ablation_row(dataset, ON)
        own = [r for r in method_rows() if (r.dataset, r.method, r.setting) == (dataset, "DMD", "unaligned")]
        assert full is not None
        assert [full.metrics["acc7"], full.metrics["f1_non0"]] == [own[0].metrics["acc7"], own[0].metrics["f1_non0"]]


def test_dataset_is_read_from_the_name() -> None:
    assert nearest_dataset("mosei_senti") == "CMU-MOSEI"
    assert nearest_dataset("mosi_heldout_ctx10") == nearest_dataset("planted") == "CMU-MOSI"
