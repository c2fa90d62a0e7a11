import pytest
import torch
from torch import nn

from dmd.dropout import no_dropout
from dmd.layers.attention import AttentionMask, attend
from dmd.layers.encoder import EncoderGroup
from dmd.layers.encoder_layer import EncoderRates
from dmd.layers.initialise import initialise
from dmd.layers.masks import future_mask
from dmd.layers.sequence import Sequence

RATES = EncoderRates((0.0,), 0.0, 0.0, 0.0)


def make_encoder(*, causal: bool, masks_padding: bool) -> EncoderGroup:
    group = EncoderGroup(("only",), 8, 2, 2, 6, causal=causal, masks_padding=masks_padding, reads="all")
    initialise(group, 0)
    return group


@pytest.mark.parametrize("is_ordered", [False, True])
def test_attention_equals_pytorch_multi_head_attention(is_ordered: bool) -> None:
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    target, source = torch.randn(3, 5, 8), torch.randn(3, 4, 8)
    visible = future_mask(5, 4) if is_ordered else torch.ones(5, 4, dtype=torch.bool)
    expected, _ = theirs(target, source, source, attn_mask=~visible)
    weights, biases = theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3)
    parts = zip((target, source, source), weights, biases, strict=True)
    # feature-major heads: (B * heads, h, T)
    query, key, value = ((x @ w.T + b).view(3, -1, 2, 4).permute(0, 2, 3, 1).reshape(6, 4, -1) for x, w, b in parts)
    future = (~visible.T).float() * -1e9
    mixed = attend(query * 4**-0.5, key, value, AttentionMask(future=future))
    ours = theirs.out_proj(mixed.view(3, 8, 5).transpose(1, 2))
    torch.testing.assert_close(ours, expected)


def test_blocks_of_long_sequences_give_what_one_block_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    from dmd.dropout import SeededDropout
    from dmd.layers import attention

    query, key, value = (torch.randn(12, 4, steps, dtype=torch.float64, requires_grad=True) for steps in (5, 7, 7))
    mask = AttentionMask(dropout=SeededDropout(0, 0).mask((0.3, 0.0, 0.5), "site"))
    results = []
    for fits, keeps in ((10**6, 10**6), (40, 10**6), (40, 0)):
        monkeypatch.setattr(attention, "FITS_IN_CACHE", fits)
        monkeypatch.setattr(attention, "WORTH_KEEPING", keeps)
        output = attend(query, key, value, mask)
        results.append([output, *torch.autograd.grad(output.square().sum(), (query, key, value))])
    whole = attention._attend_whole(query, key, value, mask)
    results.append([whole, *torch.autograd.grad(whole.square().sum(), (query, key, value))])
    for other in results[1:]:
        for got, expected in zip(other, results[0], strict=True):
            torch.testing.assert_close(got, expected, atol=1e-12, rtol=1e-12)


def test_padding_content_never_reaches_real_steps() -> None:
    encoder = make_encoder(causal=False, masks_padding=True)
    lengths = torch.tensor([3, 6])
    x = torch.randn(2, 6, 8)
    changed = x.clone()
    changed[0, 3:] = 50.0
    first, second = (encoder([Sequence(s, lengths)], None, RATES, no_dropout, "site")[0] for s in (x, changed))
    torch.testing.assert_close(first[0, :3], second[0, :3])
    torch.testing.assert_close(first[1], second[1])


def test_causal_encoder_does_not_look_ahead() -> None:
    encoder = make_encoder(causal=True, masks_padding=False)
    x = torch.randn(1, 6, 8)
    changed = x.clone()
    changed[0, 4:] = torch.randn(2, 8)  # not a constant shift: layer norm would take that away
    full = torch.tensor([6])
    first, second = (encoder([Sequence(s, full)], None, RATES, no_dropout, "site")[0] for s in (x, changed))
    torch.testing.assert_close(first[0, :4], second[0, :4])
    assert not torch.allclose(first[0, 4:], second[0, 4:])


def test_encoder_parameter_count_follows_the_formula() -> None:
    # fact sheet 1.2: n (12 w^2 + 13 w) + 2 w
    encoder = EncoderGroup(("only",), 50, 10, 4, 46, causal=True, masks_padding=False, reads="all")
    assert sum(p.numel() for p in encoder.parameters()) == 4 * (12 * 2500 + 13 * 50) + 2 * 50 == 122_700


def test_branches_start_apart_and_alike_in_every_group_that_has_them() -> None:
    one = EncoderGroup(("a", "b"), 8, 2, 1, 6, causal=False, masks_padding=True, reads="all")
    other = EncoderGroup(("b",), 8, 2, 1, 6, causal=False, masks_padding=True, reads="all")
    initialise(one, 0)
    initialise(other, 0)
    weight, alone = one.layers[0].query.weight, other.layers[0].query.weight
    assert not torch.equal(weight[0], weight[1])
    assert torch.equal(weight[1], alone[0])
