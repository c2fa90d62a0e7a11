import pytest
import torch

from dmd.dropout import SeededDropout, random_bytes
from dmd.random_streams import stream_key


def test_every_byte_position_is_uniform() -> None:
    draws = random_bytes(stream_key(0, "test"), 8 * 200_000).view(-1, 8).float()
    # mean of a uniform byte is 127.5 with standard error 73.9 / sqrt(200000) = 0.165
    assert (draws.mean(0) - 127.5).abs().max() < 4 * 0.165
    for position in range(8):
        counts = torch.bincount(draws[:, position].long(), minlength=256).float()
        expected = 200_000 / 256
        chi_square = ((counts - expected).square() / expected).sum().item()
        assert 155 < chi_square < 380  # 255 degrees of freedom, far beyond 4 sigma on both sides


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_rate_and_expectation(rate: float) -> None:
    kept = SeededDropout(1, 2)(torch.ones(400_000), rate, "site")
    assert (kept == 0).float().mean().item() == pytest.approx(round(256 * rate) / 256, abs=0.004)
    assert kept.mean().item() == pytest.approx(1, abs=0.007)
    assert len(kept.unique()) == 2


def test_streams_differ_by_seed_step_and_site_and_do_not_correlate() -> None:
    x = torch.ones(100_000)
    base = SeededDropout(1, 2)(x, 0.5, "a")
    for other in (SeededDropout(2, 2)(x, 0.5, "a"), SeededDropout(1, 3)(x, 0.5, "a"), SeededDropout(1, 2)(x, 0.5, "b")):
        assert abs(torch.corrcoef(torch.stack([base, other]))[0, 1].item()) < 0.015
    assert torch.equal(base, SeededDropout(1, 2)(x, 0.5, "a"))


def test_rate_zero_is_the_identity() -> None:
    x = torch.randn(5)
    assert SeededDropout(0, 0)(x, 0.0, "site") is x


def test_splitmix64_known_answer() -> None:
    # SplitMix64 seeded with 0 yields 0xe220a8397b1dcdaf first (reference implementation by Vigna)
    assert bytes(random_bytes(0, 8).tolist())[::-1].hex() == "e220a8397b1dcdaf"
