"""The page on a method says what its declaration says."""

from __future__ import annotations

import pytest

from dmd.registry import METHODS
from dmd.settings import fields_of
from orchestration.planning.describe_method import describe_method


@pytest.mark.parametrize("name", METHODS)
def test_a_page_names_everything_that_is_declared(name: str) -> None:
    method, page = METHODS[name], describe_method(METHODS[name])
    names = [part.name for part in fields_of(method.settings)]
    named = [*names, *method.component_names, *(term.name for term in method.losses), *method.presets, *method.search]
    assert [word for word in named if f"`{word}`" not in page] == []
    widths = {line.count("|") for line in page.splitlines() if line.startswith("|")}
    assert widths <= {3, 4, 5}


def test_dmd_as_the_paper_has_it() -> None:
    page = describe_method(METHODS["dmd"])
    assert "| `homo_gd` | HomoGD | `fd` | graph distillation between common features |" in page
    assert "| `hetero_gd` | HeteroGD | `fd` or `ca` |" in page
    assert "| `mar` | `lambda1` x `gamma` | margin between emotion classes (Eq. 4) |" in page
    assert "| `width` | `50` | whole number from 4 to 1024 | common width d |" in page
    assert "3. `fd`, `homo_gd`, `hetero_gd`" in page
    assert "| `gamma` | `{log_uniform: [0.01, 1]}` |" in page
