import torch
from torch import nn

from dmd.dropout import no_dropout
from dmd.layers.attention import MultiHeadAttention
from dmd.layers.encoder import Encoder, EncoderRates, Sequence
from dmd.layers.initialise import initialise
from dmd.layers.masks import future_mask

RATES = EncoderRates(0.0, 0.0, 0.0, 0.0)


def test_attention_equals_pytorch_multi_head_attention() -> None:
    ours = MultiHeadAttention(8, 2)
    initialise(ours, 0)
    nn.init.normal_(ours.in_bias)
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.in_weight,
            "in_proj_bias": ours.in_bias,
            "out_proj.weight": ours.out.weight,
            "out_proj.bias": ours.out.bias,
        }
    )
    target, source = torch.randn(3, 5, 8), torch.randn(3, 4, 8)
    visible = future_mask(5, 4)
    expected, _ = theirs(target, source, source, attn_mask=~visible)
    torch.testing.assert_close(ours(target, source, visible, 0.0, no_dropout, "site"), expected)
    expected, _ = theirs(target, target, target)
    torch.testing.assert_close(ours(target, target, None, 0.0, no_dropout, "site"), expected)


def test_padding_content_never_reaches_real_steps() -> None:
    encoder = Encoder(8, 2, 2, 6, causal=False, masks_padding=True)
    initialise(encoder, 0)
    lengths = torch.tensor([3, 6])
    x = torch.randn(2, 6, 8)
    changed = x.clone()
    changed[0, 3:] = 50.0
    outputs = []
    for steps in (x, changed):
        sequence = Sequence(steps, lengths)
        outputs.append(encoder(sequence, sequence, RATES, no_dropout, "site"))
    torch.testing.assert_close(outputs[0][0, :3], outputs[1][0, :3])
    torch.testing.assert_close(outputs[0][1], outputs[1][1])


def test_causal_encoder_does_not_look_ahead() -> None:
    encoder = Encoder(8, 2, 2, 6, causal=True, masks_padding=False)
    initialise(encoder, 0)
    x = torch.randn(1, 6, 8)
    changed = x.clone()
    changed[0, 4:] = torch.randn(2, 8)  # not a constant shift: layer norm would take that away
    full = torch.tensor([6])
    first, second = (
        encoder(sequence, sequence, RATES, no_dropout, "site")
        for sequence in (Sequence(x, full), Sequence(changed, full))
    )
    torch.testing.assert_close(first[0, :4], second[0, :4])
    assert not torch.allclose(first[0, 4:], second[0, 4:])


def test_encoder_parameter_count_follows_the_formula() -> None:
    # fact sheet 1.2: n (12 w^2 + 13 w) + 2 w
    encoder = Encoder(50, 10, 4, 46, causal=True, masks_padding=False)
    assert sum(p.numel() for p in encoder.parameters()) == 4 * (12 * 2500 + 13 * 50) + 2 * 50 == 122_700
