"""What methods declare reaches the reports: labels, defaults, terms of the loss, printed rows."""

from __future__ import annotations

from dmd.registry import METHODS
from orchestration.planning.declared_methods import declare_methods
from reports.records.declared import DeclaredComponent
from reports.records.serialise import study_from_json, study_to_json
from tests.reports.example_studies import TABLE3, make_study


def test_dmd_as_it_declares_itself() -> None:
    (found,) = declare_methods(["dmd"]).values()
    assert (found.label, found.kept_heads, found.source) == ("DMD", "keep_aux_heads", "Table 3 of the DMD paper")
    assert found.component_labels == {"fd": "FD", "homo_gd": "HomoGD", "ca": "CA", "hetero_gd": "HeteroGD"}
    assert all(component.is_default for component in found.components)
    assert len(found.rows) == len(TABLE3)
    terms = {term.name: term.weights for term in found.losses}
    assert terms["mar"] == ("lambda1", "gamma")
    assert any(term.name == "task" and "(Eq. 11)" in term.description for term in found.losses)


def test_what_a_method_has_by_default_is_the_method_of_its_authors() -> None:
    found = declare_methods(["mult", "lf_lstm"])
    assert found["mult"].components == (
        DeclaredComponent("ca", "CA", "crossmodal attention", is_default=True),
        DeclaredComponent("gd", "GD", "graph distillation between the features before fusion", is_default=False),
    )
    assert (found["lf_lstm"].label, found["lf_lstm"].components) == ("LF-LSTM", ())


def test_studies_without_declarations_are_read_as_these_methods_would_be_declared_today() -> None:
    stored = study_to_json(make_study())
    del stored["declared"]
    early = study_from_json(stored).declared
    today = declare_methods(METHODS)
    for name, method in early.items():
        assert method.label == today[name].label
        # MulT's crossmodal attention became a component later
        assert method.component_labels.items() <= today[name].component_labels.items()
        defaults = {component.name: component.is_default for component in today[name].components}
        assert all(component.is_default == defaults[component.name] for component in method.components)
        assert (method.kept_heads, method.rows) == (today[name].kept_heads, today[name].rows)
