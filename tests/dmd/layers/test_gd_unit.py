"""Golden values of the fact sheet, section 1.3 (H = 3, s = 2, B = 2), made by running the published modules."""

import math

import pytest
import torch

from dmd.data.samples.target import Target
from dmd.layers.gd_unit import EDGES, GDConfig, GDUnit, edge_prior
from dmd.layers.heads import HeadOutput
from dmd.modalities import MODALITIES
from dmd.models.gd_settings import OFFICIAL_PRIOR_HETERO, OFFICIAL_PRIOR_HOMO

LOGITS = {"language": [1.0, -2], "vision": [0.5, 0], "audio": [-1.0, 1]}
REPRESENTATIONS = {
    "language": [[1.0, 0, 0], [0, 1, 0]],
    "vision": [[0.0, 1, 1], [1, 1, 0]],
    "audio": [[1.0, 1, 1], [-1, 0, 1]],
}


def golden_unit(config: GDConfig) -> GDUnit:
    unit = GDUnit(3, 2, config)
    unit.load_state_dict(
        {
            "from_logit.weight": torch.tensor([[1.0], [-1]]),
            "from_logit.bias": torch.tensor([0, 0.5]),
            "from_representation.weight": torch.tensor([[1.0, 0, -1], [0, 2, 0]]),
            "from_representation.bias": torch.tensor([0.1, -0.1]),
            "edge.weight": torch.tensor([[1.0, 2, 3, 4, -1, -2, -3, -4]]),
            "edge.bias": torch.tensor([0.25]),
        }
    )
    return unit


def heads() -> dict[str, HeadOutput]:
    return {
        m: HeadOutput(torch.tensor(REPRESENTATIONS[m]), torch.tensor(REPRESENTATIONS[m]), torch.tensor(LOGITS[m]))
        for m in MODALITIES
    }


def representations() -> dict[str, torch.Tensor]:
    return {m: torch.tensor(REPRESENTATIONS[m]) for m in MODALITIES}


def test_edges_match() -> None:
    edges = golden_unit(GDConfig())(heads(), representations()).edges
    expected = torch.tensor(
        [
            [0.101065, 0.057585, 0.188815, 0.078710, 0.331381, 0.242443],
            [0.043903, 0.416539, 0.056372, 0.472001, 0.005942, 0.005243],
        ]
    )
    torch.testing.assert_close(edges, expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize(
    ("scores", "distance", "expected"),
    [
        (OFFICIAL_PRIOR_HOMO, "l1", {"prior": 3.682003, "logit": 3.538877, "representation": 48.771271}),
        (OFFICIAL_PRIOR_HETERO, "min_cosine", {"prior": 2.388758, "logit": 3.341586, "representation": 6.992238}),
    ],
)
def test_terms_match(scores: tuple[float, ...], distance: str, expected: dict[str, float]) -> None:
    config = GDConfig(prior="official", prior_scores=scores, representation=distance)  # type: ignore[arg-type]
    terms = golden_unit(config)(heads(), representations()).terms
    assert {name: value.item() for name, value in terms.items()} == pytest.approx(expected, abs=1e-5)


def test_official_priors() -> None:
    homo, hetero = (edge_prior("official", scores) for scores in (OFFICIAL_PRIOR_HOMO, OFFICIAL_PRIOR_HETERO))
    assert homo is not None
    assert hetero is not None
    named = dict(zip(EDGES, homo.tolist(), strict=True))
    assert named["language", "vision"] == pytest.approx(0.482332, abs=1e-6)
    assert named["language", "audio"] == pytest.approx(0.482332, abs=1e-6)
    assert named["vision", "audio"] == pytest.approx(0.008834, abs=1e-6)
    assert dict(zip(EDGES, hetero.tolist(), strict=True))["vision", "audio"] == pytest.approx(0.327338, abs=1e-6)


def test_per_target_weights_sum_to_one_for_each_student() -> None:
    edges = golden_unit(GDConfig(softmax="per_target"))(heads(), representations()).edges
    for modality in MODALITIES:
        into = [index for index, (_, target) in enumerate(EDGES) if target == modality]
        torch.testing.assert_close(edges[:, into].sum(-1), torch.ones(2))


def test_gradient_reaches_the_student_and_never_the_teachers_logit() -> None:
    unit = golden_unit(GDConfig(detach_edge_inputs=True))
    leaves = {m: torch.tensor(LOGITS[m], requires_grad=True) for m in MODALITIES}
    made = {m: HeadOutput(torch.zeros(2, 3), torch.zeros(2, 3), leaves[m]) for m in MODALITIES}
    unit(made, representations()).terms["logit"].backward()
    edges = golden_unit(GDConfig()).edges(
        torch.stack([leaves[m].detach() for m in MODALITIES], 1),
        torch.stack([representations()[m] for m in MODALITIES], 1),
    )
    # d/d student = sum over in-edges of sign(student - teacher) * w / B; the teacher side adds nothing
    for m in MODALITIES:
        expected = torch.zeros(2)
        for index, (source, target) in enumerate(EDGES):
            if target == m:
                expected += (leaves[m] - leaves[source]).sign().detach() * edges[:, index].detach() / 2
        assert leaves[m].grad is not None
        torch.testing.assert_close(leaves[m].grad, expected)


def test_parameter_counts_of_both_units() -> None:
    def count(width: int, size: int) -> int:
        return sum(p.numel() for p in GDUnit(width, size, GDConfig()).parameters())

    assert (count(50, 64), count(100, 32)) == (3_649, 3_425)  # MOSI
    assert (count(30, 64), count(60, 32)) == (2_369, 2_145)  # MOSEI


CLASSES = Target("classes", ("happy", "sad"))


def unit_of_classes() -> GDUnit:
    """z = (difference of both logits, representation); score of an edge = z_target . (1, 2) + z_source . (3, 4)."""
    unit = GDUnit(1, 1, GDConfig(temperature=1.0), CLASSES).double()
    unit.load_state_dict(
        {
            "from_logit.weight": torch.tensor([[1.0, -1.0]]),
            "from_logit.bias": torch.zeros(1),
            "from_representation.weight": torch.ones(1, 1),
            "from_representation.bias": torch.zeros(1),
            "edge.weight": torch.tensor([[1.0, 2.0, 3.0, 4.0]]),
            "edge.bias": torch.zeros(1),
        }
    )
    return unit


def test_edges_and_distillation_between_classes_by_hand() -> None:
    """Two samples; in the second all modalities agree, so nothing is distilled and only representations tell."""
    double = {"dtype": torch.float64}
    logits = {
        "language": torch.tensor([[1.0, 0.0], [2.0, 5.0]], **double),
        "audio": torch.tensor([[0.0, 0.0], [3.0, 6.0]], **double),
        "vision": torch.tensor([[0.0, 1.0], [-4.0, -1.0]], **double),
    }
    reprs = {
        "language": torch.tensor([[1.0], [0.0]], **double),
        "audio": torch.tensor([[0.0], [0.0]], **double),
        "vision": torch.tensor([[0.0], [1.0]], **double),
    }
    made = {m: HeadOutput(reprs[m], reprs[m], logits[m]) for m in MODALITIES}
    output = unit_of_classes()(made, reprs)
    # first sample: z_L = (1, 1), z_A = (0, 0), z_V = (-1, 0); V->L, A->L, L->V, A->V, L->A, V->A
    scores = [1 + 2 - 3, 1 + 2 + 0, -1 + 3 + 4, -1 + 0, 0 + 3 + 4, 0 - 3]
    first = torch.tensor([math.exp(s) for s in scores], **double) / sum(math.exp(s) for s in scores)
    # second: all z = (-3, r) with r = 0, 0, 1: a constant, plus 2 where vision is the target and 4 where the source
    scores = [4, 0, 2, 2, 0, 4]
    second = torch.tensor([math.exp(s) for s in scores], **double) / sum(math.exp(s) for s in scores)
    torch.testing.assert_close(output.edges, torch.stack([first, second]))

    def divergence(teacher: float, student: float) -> float:
        """64 KL between two classes whose logits differ by so much, at T = 8."""
        p, q = 1 / (1 + math.exp(-teacher / 8)), 1 / (1 + math.exp(-student / 8))
        return 64 * (p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q)))

    leads = {"language": 1.0, "audio": 0.0, "vision": -1.0}
    apart = [divergence(leads[source], leads[target]) for source, target in EDGES]
    expected = sum(float(w) * d for w, d in zip(first, apart, strict=True)) / 2
    assert output.terms["logit"].item() == pytest.approx(expected, rel=1e-9)


def test_a_constant_on_all_logits_of_a_modality_distils_nothing() -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    made = {m: HeadOutput(torch.zeros(5, 2), torch.zeros(5, 2), logits + i) for i, m in enumerate(MODALITIES)}
    unit = GDUnit(2, 2, GDConfig(), Target("classes", ("a", "b", "c")))
    terms = unit(made, {m: head.residual for m, head in made.items()}).terms
    assert terms["logit"].item() == pytest.approx(0, abs=1e-6)


def test_the_vertex_reads_every_logit() -> None:
    unit = GDUnit(50, 64, GDConfig(), Target("classes", ("a", "b", "c", "d")))
    # three more columns of 64 than the 3,649 of one number
    assert sum(p.numel() for p in unit.parameters()) == 3_649 + 3 * 64
