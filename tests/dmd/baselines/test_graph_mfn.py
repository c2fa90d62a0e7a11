"""Graph-MFN: the graph's edges counted, a vertex by hand, all steps at once, and that the graph has an effect."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from dmd.baselines.graph_mfn import METHOD, GraphFusion, GraphMFN, GraphMFNSettings
from dmd.job import Setting
from dmd.layers.memory.fusion_graph import NUM_EDGES, FusionGraph
from dmd.layers.memory.gated_memory import Perceptron
from dmd.modalities import MODALITIES
from dmd.settings import build_config
from tests.dmd.baselines.inputs import effect_of, equal_lengths_input, in_float64
from tests.dmd.baselines.sizes import MOSI, count_parameters
from tests.dmd.builders import make_dims

SMALL: dict[str, Setting] = {f"cells.{m}": width for m, width in zip(MODALITIES, (4, 2, 3), strict=True)}
SMALL |= {"memory.width": 5, "memory.candidate": 6, "memory.keep": 3, "memory.write": 4}
SMALL |= {"vertex.width": 3, "vertex.units": 7}


def build(settings: Mapping[str, Setting] = SMALL) -> GraphMFN:
    torch.manual_seed(0)
    model = METHOD.build(build_config(GraphMFNSettings, settings, "graph_mfn"), make_dims(steps=(6, 6, 6)))
    assert isinstance(model, GraphMFN)
    return model.eval()


def test_three_modalities_have_nineteen_efficacies() -> None:
    graph = FusionGraph({"language": 4, "audio": 2, "vision": 3}, inner=5, units=6)
    singles = {m: torch.randn(7, 2, width) for m, width in zip(MODALITIES, (4, 2, 3), strict=True)}
    efficacies = graph.efficacies(singles)
    assert efficacies.shape == (7, 2, 19)
    assert NUM_EDGES == 2 + 2 + 2 + 6 + 7
    assert efficacies.min() > 0
    assert efficacies.max() < 1


def test_a_graph_of_ones_by_hand() -> None:
    """Networks that add up what they read, efficacies of one half: pairs, triple and top can be counted."""
    graph = FusionGraph(dict.fromkeys(MODALITIES, 1), inner=1, units=1).double()
    for parameter in graph.parameters():
        nn.init.zeros_(parameter)
    for network in [*graph.vertices.values(), graph.top]:
        assert isinstance(network, Perceptron)
        nn.init.ones_(network.into.weight)
        nn.init.ones_(network.out.weight)
    values = dict(zip(MODALITIES, (1.0, 2.0, 4.0), strict=True))
    singles = {m: torch.full((1, 1, 1), value, dtype=torch.float64) for m, value in values.items()}
    pairs = (1.5, 2.5, 3.0)  # half of language + audio, of language + vision, of audio + vision
    triple = (7 + sum(pairs)) / 2
    assert triple == 7.0
    assert graph(singles).item() == (7 + 7 + 7) / 2


def step_by_step(model: GraphMFN, states: Mapping[str, Tensor]) -> Tensor:
    """One clip's memory with the graph, the gates and the candidate inside the loop over time."""
    fusion = model.fusion
    assert isinstance(fusion, GraphFusion)
    memory = fusion.memory
    state = torch.zeros(5, dtype=torch.float64)
    for t in range(len(states["language"])):
        singles = {}
        for m in MODALITIES:
            before = states[m][t - 1] if t else torch.zeros_like(states[m][0])
            singles[m] = fusion.singles[m](torch.cat([before, states[m][t]])).relu().view(1, 1, -1)
        top = fusion.graph(singles).flatten()
        both = torch.cat([top, state])
        state = memory.keep(both).sigmoid() * state + memory.write(both).sigmoid() * memory.candidate(top).tanh()
    return state


def test_all_steps_at_once_are_the_steps_one_after_the_other() -> None:
    model, inputs = build().double(), in_float64(equal_lengths_input())
    prediction, _ = model(inputs)
    for index, length in enumerate(inputs.lengths["language"].tolist()):
        states = {m: model.lstms[m](inputs.features[m][index, :length])[0] for m in MODALITIES}
        last = torch.cat([*(states[m][-1] for m in MODALITIES), step_by_step(model, states)])
        torch.testing.assert_close(prediction[index], model.output(last)[0], rtol=0, atol=1e-12)


def test_networks_of_the_vertices_are_trained() -> None:
    """In the field's package they are not registered: 208,656 numbers that no optimiser ever sees."""
    model = build()
    model(equal_lengths_input())[0].sum().backward()
    assert model.fusion is not None
    parameters = dict(model.fusion.graph.named_parameters())
    assert len({name.split(".")[1] for name in parameters if name.startswith("vertices.")}) == 4
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in parameters.values())


@pytest.mark.parametrize("part", [part for component in METHOD.components for part in component.parts])
def test_every_component_decides_predictions(part: str) -> None:
    assert effect_of(part, build(), equal_lengths_input()) > 1e-2


def test_components_that_are_off_are_not_there() -> None:
    without = build({**SMALL, "graph": False})
    assert "fusion.graph.vertices" not in {name for name, _ in without.named_modules()}
    bare = build({**SMALL, "graph": False, "gated_memory": False})
    assert bare.fusion is None
    assert bare(equal_lengths_input())[0].shape == (6,)


def test_as_many_parameters_as_the_published_network_and_its_vertices() -> None:
    """What the field's package, MMSA 2.2.1, registers, and the networks of its vertices."""
    assert count_parameters("graph_mfn", "mmsa_mosi") == 1_517_216 + 208_656
    assert count_parameters("graph_mfn", "mmsa_mosi", MOSI) == 2_110_624 + 208_656
