"""An event survives its line, and a changed line is noticed."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.ledger.events import Event, check_line, encode_event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.integers(1, 10**9), st.integers(0, 10**13))
def test_an_event_survives_its_line(data, seq, at_ms):
    event = Event(seq, at_ms, "report", data)
    line = encode_event(event)
    assert line.count(b"\n") == 1
    checked = check_line(line)
    assert checked is not None
    assert checked.decode() == event
    assert (checked.seq, checked.kind) == (event.seq, event.kind)


def test_line_format_is_json_with_a_crc_over_the_rest():
    body = b'{"seq":1,"at":5,"kind":"attempt","data":{"trial_id":"a"}}'
    expected = body[:-1] + b',"check":"%08x"}\n' % zlib.crc32(body)
    assert encode_event(Event(1, 5, "attempt", {"trial_id": "a"})) == expected


def test_half_a_pair_of_utf16_is_no_text_but_a_backslash_is():
    text = "C:\\udata"
    assert check_line(encode_event(Event(1, 5, "start", {"text": text}))).decode().data == {"text": text}
    body = b'{"seq":1,"at":5,"kind":"start","data":{"text":"\\uD800"}}'
    line = check_line(body[:-1] + b',"check":"%08x"}\n' % zlib.crc32(body))
    with pytest.raises(ValueError, match="surrogates"):
        line.decode()


def test_any_single_changed_byte_is_noticed():
    line = encode_event(Event(7, 5, "attempt", {"trial_id": "abc"}))
    for position in range(len(line) - 1):
        changed = line[:position] + bytes([line[position] ^ 1]) + line[position + 1 :]
        assert check_line(changed) is None, position
