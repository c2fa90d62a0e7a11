"""The random bytes behind dropout: cheap, and a pure function of a key.

A mask costs few passes over few bytes, because one is drawn for every attention weight of every step:

- :func:`random_bytes` mixes the key of the site into words that are the same for everyone (SplitMix64 of their place,
  computed once), with the xor-shift-multiply steps of 32-bit hash functions (Appleby 2011; Wellons 2018);
- each entry is dropped where its byte is below ``round(256 * rate)``, decided in byte arithmetic, and the survivors are
  scaled by the *quantised* keep rate, so the expectation is exact.

``dmd/kernels/native.c`` draws the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
SEGMENT = 1 << 22
"""Bytes that one key serves; longer streams go on with the next key, so that the words they start from stay few."""

_ODD_1 = 0x21F0AAAD
_ODD_2 = 0xD35A2D97 - (1 << 32)  # as a signed 32-bit integer


@dataclass(frozen=True)
class DropoutMask:
    """The mask of one site, whose entries lie in equal parts with a rate each.

    Attributes:
        key: of its random bytes.
        thresholds: one per part; a byte below it drops its entry, 0 drops nothing.
    """

    key: int
    thresholds: tuple[int, ...]

    @property
    def scales(self) -> tuple[float, ...]:
        """Per part, what the survivors are multiplied by: one over the quantised keep rate."""
        return tuple(256 / (256 - threshold) for threshold in self.thresholds)

    def drops(self, size: int, start: int, stop: int) -> bool:
        """Whether any entry of a range can be dropped at all.

        Args:
            size: entries of the whole mask.
            start: first entry of the range.
            stop: the entry behind its last one.
        """
        part = size // len(self.thresholds)
        return any(self.thresholds[start // part : (stop - 1) // part + 1])

    def keep(self, size: int, device: torch.device, start: int = 0, stop: int | None = None) -> Tensor:
        """Draw a range of the mask's entries.

        Args:
            size: entries of the whole mask.
            device: where the result lies.
            start: first entry of the range.
            stop: the entry behind its last one; None: ``size``.

        Returns:
            (stop - start,) uint8: 1 where an entry is kept, 0 where it is dropped.
        """
        stop = size if stop is None else stop
        draws = random_bytes(self.key, stop - start, device, start)
        part = size // len(self.thresholds)
        if len(set(self.thresholds)) == 1:
            return _keep(draws, self.thresholds[0])
        for index, threshold in enumerate(self.thresholds):
            first, last = max(index * part, start), min((index + 1) * part, stop)
            if first < last:
                _keep(draws[first - start : last - start], threshold)
        return draws


def _keep(draws: Tensor, threshold: int) -> Tensor:
    """Uniform bytes to 1 where ``byte >= threshold`` and 0 elsewhere, in place."""
    if threshold == 0:
        return draws.fill_(1)
    return draws.clamp_(threshold - 1, threshold).sub_(threshold - 1)


def random_bytes(key: int, count: int, device: torch.device | str = "cpu", first: int = 0) -> Tensor:
    """Uniform random bytes, the same on every device.

    Args:
        key: of the stream.
        count: how many bytes.
        device: where they lie.
        first: place of the first one in the stream.

    Returns:
        (count,) uint8.
    """
    pieces = []
    while count > 0:
        segment, offset = divmod(first, SEGMENT)
        length = min(count, SEGMENT - offset)
        pieces.append(_segment_bytes(key + segment, offset, length, str(device)))
        first, count = first + length, count - length
    return pieces[0] if len(pieces) == 1 else torch.cat([*pieces, torch.empty(0, dtype=torch.uint8, device=device)])


def _segment_bytes(key: int, offset: int, length: int, device: str) -> Tensor:
    """Bytes of one segment; its key differs from that of the one before by 1."""
    start, stop = offset // 4, (offset + length + 3) // 4
    words = base_words(_rounded_up(stop), device)[start:stop] ^ _signed32(key)
    words.mul_(_ODD_1).add_(_signed32(key >> 32))
    shifted = words >> 15
    words.bitwise_xor_(shifted.bitwise_and_(0x1FFFF)).mul_(_ODD_2)
    torch.bitwise_right_shift(words, 15, out=shifted)
    words.bitwise_xor_(shifted.bitwise_and_(0x1FFFF))
    return words.view(torch.uint8)[offset - 4 * start :][:length]


@lru_cache(maxsize=64)
def base_words(count: int, device: str) -> Tensor:
    """SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) of the places 1, 2, ...; (count,) int32.

    What every stream starts from; a longer table begins with the shorter one.
    """
    words = torch.arange(1, count // 2 + 1, dtype=torch.int64).mul_(_GOLDEN)
    words = _xor_shift(words, 30).mul_(_MIX_1)
    words = _xor_shift(words, 27).mul_(_MIX_2)
    return _xor_shift(words, 31).view(torch.int32).to(device)


def _rounded_up(count: int) -> int:
    """The next power of two, so that few tables serve all sizes."""
    return 1 << max(count - 1, 1).bit_length()


def _signed32(bits: int) -> int:
    bits &= 0xFFFFFFFF
    return bits - (1 << 32) if bits >> 31 else bits


def _xor_shift(words: Tensor, shift: int) -> Tensor:
    """``w ^ (w >>> shift)``; the mask turns the arithmetic shift of signed integers into a logical one."""
    return words ^ ((words >> shift) & ((1 << (64 - shift)) - 1))
