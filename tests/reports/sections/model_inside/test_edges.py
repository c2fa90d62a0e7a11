"""Learned edges: whose weight, which spread, and the order that the model writes them in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dmd.layers import gd_unit
from reports.records.details import no_details
from reports.results.tabulate import tabulate_results
from reports.sections.model_inside.edges import EDGES, MODALITIES, EdgeGraph, edge_graphs, unit_label
from tests.reports.example_details import make_edges, reader
from tests.reports.example_studies import failed, make_record, make_study

STEEP = (0.5, 0.1, 0.1, 0.1, 0.1, 0.1)
FLAT = (1 / 6,) * 6


def graphs(details, records, seeds=(1, 2), folds=(0, 1)) -> tuple[EdgeGraph, ...]:
    study = make_study(seeds=seeds, folds=folds)
    return edge_graphs(study, tabulate_results(study, records), reader(details)).graphs


def test_the_order_is_the_model_s() -> None:
    assert EDGES == gd_unit.EDGES
    assert MODALITIES == gd_unit.MODALITIES


def test_weights_are_means_over_folds_of_means_over_runs_of_means_over_items() -> None:
    records = [make_record("full", seed, fold, 0.9) for seed in (1, 2) for fold in (0, 1)]
    weights = {(1, 0): 0.2, (2, 0): 0.4, (1, 1): 0.6, (2, 1): 0.6}
    details = {
        record.trial_id: {"edges/homo": make_edges((weights[record.seed, record.fold], *STEEP[1:]))}
        for record in records
    }
    (graph,) = graphs(details, records)
    edge = graph.edges[0]
    assert (edge.source, edge.target) == ("vision", "language")
    assert (graph.unit, graph.num_runs) == ("homo", 4)
    assert edge.weight.value == pytest.approx(0.45)
    # squares about the fold means: 2 x 0.1^2 + 0, on two degrees of freedom
    assert edge.run_deviation == pytest.approx(np.sqrt(0.02 / 2))
    assert edge.weight.half_width == pytest.approx(4.302653 * np.sqrt(0.01 * (1 / 2 + 1 / 2)) / 2, rel=1e-5)
    assert edge.item_deviation == pytest.approx(0.0, abs=1e-7)


def test_spread_over_items_is_within_runs() -> None:
    record = make_record("full", 1, 0, 0.9)
    values = np.tile(np.float32(FLAT), (4, 1))
    values[:, 0] = [0.1, 0.3, 0.1, 0.3]
    (graph,) = graphs({record.trial_id: {"edges/hetero": values}}, [record], seeds=(1,), folds=(0,))
    assert graph.unit == "hetero"
    assert graph.edges[0].item_deviation == pytest.approx(0.1)
    assert graph.edges[0].run_deviation is None
    assert graph.edges[0].weight.half_width is None


def test_the_level_of_no_preference_follows_the_normalisation() -> None:
    record = make_record("full", 1, 0, 0.9)
    details = {record.trial_id: {"edges/homo": make_edges(FLAT), "edges/hetero": make_edges((0.5,) * 6)}}
    homo, hetero = graphs(details, [record], seeds=(1,), folds=(0,))
    assert homo.level == pytest.approx(1 / 6)
    assert hetero.level == pytest.approx(1 / 2)


def test_a_prior_stands_beside_the_weights() -> None:
    record = make_record("full", 1, 0, 0.9)
    details = {record.trial_id: {"edges/homo": make_edges(FLAT), "prior/homo": np.float32(STEEP)}}
    (graph,) = graphs(details, [record], seeds=(1,), folds=(0,))
    assert [edge.prior for edge in graph.edges] == pytest.approx(STEEP)


def test_failed_runs_and_damaged_arrays_are_left_out() -> None:
    records = [make_record("full", 1, 0, 0.9), failed(make_record("full", 2, 0, 0.9)), make_record("full", 1, 1, 0.9)]
    details = {
        records[0].trial_id: {"edges/homo": make_edges(FLAT)},
        records[1].trial_id: {"edges/homo": make_edges(STEEP)},
        records[2].trial_id: {"edges/homo": np.full((3, 6), np.nan, dtype=np.float32)},
    }
    (graph,) = graphs(details, records)
    assert graph.num_runs == 1
    assert graph.edges[0].weight.value == pytest.approx(1 / 6)


def test_why_there_are_no_edges_is_said() -> None:
    study = make_study(seeds=(1,), folds=(0,))
    record = make_record("full", 1, 0, 0.9)
    results = tabulate_results(study, [record])
    # Where it was not recorded whether details were asked for, a method may have none to keep.
    no_unit = "no arm has a graph-distillation unit"
    assert edge_graphs(study, results, no_details).note == f"{no_unit}, or none kept its details"
    asked, refused = (replace(study, confirm={**study.confirm, "details": keeps}) for keeps in (True, False))
    assert edge_graphs(asked, results, no_details).note == no_unit
    assert edge_graphs(refused, results, no_details).note == "no details of trials were kept (`confirm.details: false`)"
    nothing = tabulate_results(asked, [failed(record)])
    assert edge_graphs(asked, nothing, no_details).note == "no confirm run has completed"
    featureless = reader({record.trial_id: {"heads/common": np.zeros(3, dtype=np.float32)}})
    assert edge_graphs(study, results, featureless).note == "no arm has a graph-distillation unit"


def test_a_unit_that_the_paper_does_not_have_stands_under_its_own_name_after_the_paper_s() -> None:
    record = make_record("full", 1, 0, 0.9)
    details = {record.trial_id: {"edges/alpha": make_edges(FLAT), "edges/hetero": make_edges(STEEP)}}
    found = graphs(details, [record], seeds=(1,), folds=(0,))
    assert [(graph.unit, unit_label(graph.unit)) for graph in found] == [("hetero", "HeteroGD"), ("alpha", "alpha")]


def test_a_unit_whose_name_is_no_file_name_is_left_out() -> None:
    record = make_record("full", 1, 0, 0.9)
    assert graphs({record.trial_id: {"edges/../../alpha": make_edges(FLAT)}}, [record], seeds=(1,), folds=(0,)) == ()
