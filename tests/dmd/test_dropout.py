import pytest
import torch

from dmd.dropout import SeededDropout
from dmd.dropout_mask import SEGMENT, base_words, random_bytes
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


def test_the_words_every_stream_starts_from_are_splitmix64() -> None:
    # SplitMix64 seeded with 0 yields 0xe220a8397b1dcdaf first (reference implementation by Vigna)
    assert bytes(base_words(4, "cpu").view(torch.uint8).tolist()[:8])[::-1].hex() == "e220a8397b1dcdaf"


def test_bytes_of_a_stream_do_not_depend_on_how_they_are_cut() -> None:
    start = SEGMENT - 10  # across the border of two segments
    whole = random_bytes(7, 40, first=start)
    pieces = torch.cat([random_bytes(7, 13, first=start), random_bytes(7, 27, first=start + 13)])
    assert torch.equal(whole, pieces)


def test_entries_are_dropped_independently_of_each_other() -> None:
    # 512 entries over 4,000 steps: correlations of pairs are noise of standard deviation 1 / sqrt(4000)
    device = torch.device("cpu")
    masks = [SeededDropout(7, step).mask((0.3,), "site") for step in range(4_000)]
    kept = torch.stack([mask.keep(512, device) for mask in masks if mask is not None]).float()
    correlation = torch.corrcoef(kept.T)[torch.triu_indices(512, 512, 1).unbind()]
    assert correlation.std().item() * 4_000**0.5 == pytest.approx(1, abs=0.02)
    assert correlation.abs().max().item() < 6 / 4_000**0.5


def test_parts_of_a_mask_have_rates_of_their_own() -> None:
    mask = SeededDropout(1, 2).mask((0.5, 0.0, 0.1), "site")
    assert mask is not None
    kept = mask.keep(300_000, torch.device("cpu")).float().view(3, -1).mean(1)
    torch.testing.assert_close(kept, torch.tensor([0.5, 1.0, 1 - 26 / 256]), atol=0.005, rtol=0)
    assert torch.equal(
        mask.keep(300_000, torch.device("cpu"), 99_990, 200_010),
        mask.keep(300_000, torch.device("cpu"))[99_990:200_010],
    )
