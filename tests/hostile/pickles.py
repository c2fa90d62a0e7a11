"""Hostile pickles: programs, and data that would fill the memory or never end."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

Write = Callable[[Path], bytes]
"""The content of a hostile file that, executed, would make the canary at the given path."""

PROTO = b"\x80\x04"


def _text(text: str) -> bytes:
    content = text.encode()
    return b"\x8c" + bytes([len(content)]) + content if len(content) < 256 else b"X" + _u4(len(content)) + content


def _u4(number: int) -> bytes:
    return struct.pack("<I", number)


def _call(module: str, name: str, *arguments: str) -> bytes:
    """Protocol 4: ``module.name(*arguments)``."""
    pushed = b"".join(map(_text, arguments))
    return PROTO + _text(module) + _text(name) + b"\x93(" + pushed + b"tR."


def _old_call(module: str, name: str, *arguments: str) -> bytes:
    """Protocol 0, as Python 2 wrote it."""
    pushed = "".join(f"S{argument!r}\n" for argument in arguments)
    return f"c{module}\n{name}\n({pushed}tR.".encode()


def _touch(canary: Path) -> str:
    return f"touch {canary}"


def _python(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()"


def _dtype(name: str, state: bytes = b"") -> bytes:
    made = f"cnumpy\ndtype\n(S'{name}'\nI0\nI1\ntR".encode()
    return made + (state + b"b" if state else b"")


def _array(shape: bytes, dtype: bytes, raw: bytes) -> bytes:
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    return made + b"(I1\n" + shape + dtype + b"I00\n" + raw + b"tb."


def _hidden(canary: Path) -> bytes:
    """A sound MMSA file but for one value inside."""
    inner = _call("os", "system", _touch(canary))[2:-1]
    return PROTO + b"}" + _text("train") + b"}" + _text("text") + inner + b"ss."


def _shared(depth: int) -> bytes:
    """A list of ten times a list of ten times ...: 10 to the power of ``depth`` values in a few bytes."""
    content = PROTO + b"]" + b"q\x00"
    for level in range(depth):
        content += b"](" + b"".join([b"h" + bytes([level])] * 10) + b"e" + b"q" + bytes([level + 1])
    return content + b"."


def _repeated_lists() -> bytes:
    """One list of 100,000 under 100,000 names: 10 to the 10 copies for who converts each."""
    content = PROTO + b"](" + b"N" * 100_000 + b"eq\x00" + b"}("
    content += b"".join(b"J" + struct.pack("<i", number) + b"h\x00" for number in range(100_000))
    return content + b"u."


def _split_of(**values: bytes) -> bytes:
    return b"}(" + b"".join(_text(key) + value for key, value in values.items()) + b"u"


def _bytes_array(shape: tuple[int, ...], num_bytes: int, name: str = "u1") -> bytes:
    """A sound array of zeros of ``num_bytes`` bytes, whatever its shape says."""
    sizes = b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", n) for n in shape) + b"t"
    raw = b"\x8e" + struct.pack("<Q", num_bytes) + bytes(num_bytes)
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    return made + b"(K\x01" + sizes + _dtype(name) + b"\x89" + raw + b"tb"


def _shared_bytes() -> bytes:
    """20,000 arrays over the same 100,000 bytes: 2 GB for who puts them into one."""
    raw = b"B" + _u4(100_000) + bytes(100_000) + b"q\x00"
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    array = made + b"(K\x01(J" + struct.pack("<i", 100_000) + b"K\x01t" + _dtype("u1") + b"\x89h\x00tb"
    return PROTO + b"(" + raw + b"1" + b"}" + _text("train") + _split_of(text=b"](" + array * 20_000 + b"e") + b"s."


def _long_beside_wide() -> bytes:
    """30,000 items of one step beside one item of 30,000 steps: padded to each other, 10 to the 9 values."""
    many, long = (30_000, 1, 1), (1, 30_000, 1)
    content = b"}("
    for split, shape in (("train", many), ("valid", long), ("test", many)):
        rows = shape[0]
        features = _bytes_array(shape, 30_000)
        ids = b"](" + (b"X\x03\x00\x00\x00abc" * rows) + b"e"
        labels = b"](" + (b"K\x00" * rows) + b"e"
        lists = {"id": ids, "regression_labels": labels}
        content += _text(split) + _split_of(text=features, audio=features, vision=features, **lists)
    return PROTO + content + b"u."


GADGETS: Mapping[str, Write] = {
    "os.system": lambda canary: _call("os", "system", _touch(canary)),
    "posix.system": lambda canary: _old_call("posix", "system", _touch(canary)),
    "subprocess.getoutput": lambda canary: _call("subprocess", "getoutput", _touch(canary)),
    "subprocess.Popen": lambda canary: _old_call("subprocess", "Popen", _touch(canary)),
    "builtins.eval": lambda canary: _call("builtins", "eval", _python(canary)),
    "builtins.exec": lambda canary: _call("builtins", "exec", _python(canary)),
    "__builtin__.open": lambda canary: _old_call("__builtin__", "open", str(canary), "w"),
    "builtins.__import__": lambda canary: _call("builtins", "__import__", "antigravity"),
    "builtins.getattr": lambda canary: _call("builtins", "getattr", "a", "b"),
    "importlib": lambda canary: _call("importlib", "import_module", "this"),
    "runpy": lambda canary: _call("runpy", "run_path", str(canary)),
    "pathlib dotted": lambda canary: _call("pathlib", "Path.touch", str(canary)),
    "operator.methodcaller": lambda canary: _call("operator", "methodcaller", "touch"),
    "functools.partial": lambda canary: _call("functools", "partial", "x"),
    "numpy.load": lambda canary: _call("numpy", "load", str(canary)),
    "numpy.memmap": lambda canary: _call("numpy", "memmap", str(canary)),
    "numpy runstring": lambda canary: _call("numpy.testing._private.utils", "runstring", _python(canary)),
    "numpy dotted": lambda canary: _call("numpy", "ndarray.tofile", str(canary)),
    "torch.load": lambda canary: _call("torch", "load", str(canary)),
    "torch bytes": lambda canary: _call("torch.storage", "_load_from_bytes", "x"),
    "torch.hub": lambda canary: _call("torch.hub", "load", "owner/repository", "model"),
    "pandas": lambda canary: _call("pandas", "read_pickle", str(canary)),
    "pickle in pickle": lambda canary: _call("pickle", "loads", "x"),
    "our own names": lambda canary: _call("orchestration.process.atomic_files", "make_folder", str(canary)),
    "codecs": lambda canary: _call("codecs", "open", str(canary), "w"),
    "copyreg": lambda canary: _old_call("copy_reg", "_reconstructor", "x"),
    "hidden in data": _hidden,
    "INST": lambda canary: f"(S'{_touch(canary)}'\nios\nsystem\n.".encode(),
    "OBJ": lambda canary: f"(cos\nsystem\nS'{_touch(canary)}'\no.".encode(),
    "NEWOBJ": lambda canary: PROTO + b"cos\nsystem\n" + _text(_touch(canary)) + b"\x85\x81.",
    "persistent id": lambda canary: b"Ppersistent\n.",
    "extension": lambda canary: b"\x80\x02\x82\x01.",
    "state of a list": lambda canary: PROTO + b"]}" + _text("x") + b"Nsb.",
}
"""Programs: each is refused, and none runs."""

BOMBS: Mapping[str, Write] = {
    "nested lists": lambda canary: PROTO + b"]" * 100_000 + b"a" * 99_999 + b".",
    "nested tuples": lambda canary: PROTO + b"(" * 100_000 + b"t" * 100_000 + b".",
    "nested dictionaries": lambda canary: PROTO + b"}" + (_text("k") + b"}") * 100_000 + b"s" * 100_000 + b".",
    "shared lists": lambda canary: _shared(60),
    "repeated lists": lambda canary: _repeated_lists(),
    "five million lists": lambda canary: PROTO + b"]" * 5_100_000 + b"N.",
    "forged size of bytes": lambda canary: PROTO + b"\x8e" + struct.pack("<Q", 1 << 60) + b"x.",
    "forged size of text": lambda canary: PROTO + b"\x8d" + struct.pack("<Q", 1 << 40) + b"x.",
    "forged frame": lambda canary: PROTO + b"\x95" + struct.pack("<Q", 1 << 50) + b"N.",
    "huge shape": lambda canary: _array(b"(L1000000000000L\nt", _dtype("f8"), b"S'01234567'\n"),
    "shape of huge integers": lambda canary: _array(
        b"(" + (b"\x8b" + _u4(1_000_000) + b"\x7f" * 1_000_000) * 4 + b"t", _dtype("f8"), b"S'01234567'\n"
    ),
    "no bytes, many values": lambda canary: _array(b"(L1000000000000L\nt", _dtype("S0"), b"S''\n"),
    "bytes as pointers": lambda canary: _array(b"(I1\nt", _dtype("O8"), b"S'AAAAAAAA'\n"),
    "structured dtype": lambda canary: _array(
        b"(I1\nt",
        _dtype("V8", b"(I3\nS'|'\nN(S'a'\nt}S'a'\n(" + _dtype("O8") + b"I0\ntsI8\nI1\nI0\nt"),
        b"S'AAAAAAAA'\n",
    ),
    "many arrays, the same bytes": lambda canary: _shared_bytes(),
    "one array, many rows": lambda canary: _long_beside_wide(),
    "key without an end": lambda canary: PROTO + b"}" + b"(" * 50_000 + b"t" * 50_000 + b"Ns.",
    "list in itself": lambda canary: PROTO + b"]q\x00h\x00a.",
    "dictionary in itself": lambda canary: PROTO + b"}q\x00" + _text("train") + b"h\x00s.",
    "a number of a million digits": lambda canary: b"L" + b"9" * 1_000_000 + b"L\n.",
    "nothing": lambda canary: PROTO + b".",
    "cut off": lambda canary: pickle.dumps({"train": {"text": list(range(1000))}})[:500],
}
"""Data that would exhaust whoever believes them."""
