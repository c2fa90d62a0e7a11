import torch

from dmd.layers.masks import future_mask
from dmd.layers.pooling import pool_steps
from dmd.layers.positions import position_table, positions_by_first_channel
from dmd.layers.sequence import Sequence


def rows(mask: torch.Tensor) -> list[str]:
    return ["".join(str(int(cell)) for cell in row) for row in mask]


def test_position_table_gives_the_published_rows() -> None:
    # fact sheet 1.2: width 6, first channels (0, 2, 3) take rows 0, 2 and 3
    x = torch.tensor([[[0.0] * 6, [2.0] * 6, [3.0] * 6]])
    index = positions_by_first_channel(x)
    assert index.tolist() == [[0, 2, 3]]
    expected = torch.tensor(
        [[0.0] * 6, [0.9093, 0.0200, 0.0002, -0.4161, 0.9998, 1.0], [0.1411, 0.0300, 0.0003, -0.9900, 0.9996, 1.0]]
    )
    torch.testing.assert_close(position_table(3, 6)[index[0]], expected, atol=5e-5, rtol=0)


def test_future_mask_matches_the_published_tables() -> None:
    assert rows(future_mask(3, 3)) == ["100", "110", "111"]
    assert rows(future_mask(2, 4)) == ["1110", "1111"]
    assert rows(future_mask(4, 2)) == ["11"] * 4


def test_pooling_reads_real_steps_only() -> None:
    at_start = Sequence(torch.tensor([[[1.0], [3.0], [100.0]]]), torch.tensor([2]))
    assert pool_steps(at_start, "last_valid").item() == 3
    assert pool_steps(at_start, "mean_valid").item() == 2
    assert pool_steps(at_start, "last").item() == 100
    at_end = Sequence(torch.tensor([[[100.0], [1.0], [3.0]]]), torch.tensor([2]), "end")
    assert pool_steps(at_end, "last_valid").item() == 3
    assert pool_steps(at_end, "mean_valid").item() == 2
    assert pool_steps(at_end, "last").item() == 3
