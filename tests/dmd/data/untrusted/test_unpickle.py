"""A stranger's pickle: data come out of it, code never does, and it cannot exhaust the machine."""

import builtins
import pickle
import struct
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dmd.data.formats.load import load_dataset
from dmd.data.formats.mmsa import read_mmsa
from dmd.data.untrusted import unpickle
from dmd.data.untrusted.unpickle import load_pickle
from dmd.errors import DataError
from tests.dmd.pickles.write_pickle import make_content
from tests.hostile.pickles import BOMBS

OLD_FILES = sorted((Path(__file__).parents[2] / "pickles").glob("*.pkl"))
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def read(content: bytes) -> Any:
    return load_pickle(content, "data.pkl")


def test_files_of_every_age_are_there() -> None:
    assert [path.stem for path in OLD_FILES] == [
        "python2_numpy116_protocol0",
        "python2_numpy116_protocol2",
        "python3_numpy124_protocol2",
        "python3_numpy124_protocol4",
        "python3_numpy124_protocol5",
    ]


@pytest.mark.parametrize("path", OLD_FILES, ids=lambda path: path.stem)
def test_files_written_by_python_2_and_numpy_1_read_as_those_written_today(path: Path) -> None:
    assert load_dataset(path).content_hash == read_mmsa(make_content(), "now").content_hash


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_files_written_by_the_installed_numpy_are_read_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "data.pkl"
    path.write_bytes(pickle.dumps(make_content(), protocol=protocol))
    assert load_dataset(path).content_hash == read_mmsa(make_content(), "now").content_hash


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_containers_numbers_strings_and_arrays_come_out_as_they_went_in(protocol: int) -> None:
    content = {
        "plain": [1, -(2**70), 2.5, True, None, "caf\xe9", b"\x00\xff", b"", (1, "a"), {1, 2}, frozenset({"x"})],
        "ordered": OrderedDict([("b", 1), ("a", 2)]),
        "strings": np.array(["ab", "c"], dtype=object),
        "scalar": np.float32(0.1),
    }
    arrays = [np.arange(6).astype(kind).reshape(2, 3) for kind in ("i1", "u2", "<i4", ">i8", "f2", "<f4", ">f8", "?")]
    arrays += [np.asfortranarray(arrays[5]), np.array([["ab", "c"]]), np.array([b"ab", b"c"]), np.zeros((0, 3))]
    back = read(pickle.dumps(content | {"arrays": arrays}, protocol=protocol))
    assert back["plain"] == content["plain"]
    assert list(back["ordered"].items()) == [("b", 1), ("a", 2)]
    assert back["strings"].tolist() == ["ab", "c"]
    assert back["scalar"] == np.float32(0.1)
    for ours, theirs in zip(back["arrays"], arrays, strict=True):
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)


class Call:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def named(module: str, name: str, *arguments: str) -> bytes:
    """A protocol-0 pickle that calls ``module.name`` with string arguments."""
    pushed = "".join(f"V{argument}\n" for argument in arguments)
    return f"c{module}\n{name}\n({pushed}tR.".encode()


GADGETS = [
    ("os", "system"), ("posix", "system"), ("nt", "system"), ("subprocess", "Popen"), ("builtins", "eval"),
    ("builtins", "exec"), ("__builtin__", "eval"), ("builtins", "getattr"), ("builtins", "__import__"),
    ("builtins", "open"), ("builtins", "list"), ("builtins", "str"), ("operator", "attrgetter"),
    ("functools", "partial"), ("importlib", "import_module"), ("numpy.testing._private.utils", "runstring"),
    ("numpy", "load"), ("numpy", "fromfile"), ("numpy", "memmap"), ("numpy.core.multiarray", "fromfile"),
    ("numpy", "ndarray.tofile"), ("numpy.core", "multiarray._reconstruct"), ("torch", "load"),
    ("torch.storage", "_load_from_bytes"), ("torch._utils", "_rebuild_tensor_v2"),
    ("copyreg", "_reconstructor"), ("collections", "OrderedDict.fromkeys"), ("_codecs", "decode"),
    ("codecs", "encode"), ("pickle", "loads"), ("pandas", "read_pickle"),
    ("dmd.data.untrusted.unpickle", "load_pickle"),
    ("NUMPY", "dtype"), ("", ""),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), GADGETS)
def test_any_other_name_is_refused_by_name(module: str, name: str) -> None:
    stacked = pickle.PROTO + b"\x04" + b"".join(
        pickle.SHORT_BINUNICODE + bytes([len(text)]) + text.encode() for text in (module, name)
    )  # fmt: skip
    for content in (
        named(module, name, "1"),
        stacked + pickle.STACK_GLOBAL + pickle.EMPTY_TUPLE + pickle.REDUCE + b".",
    ):
        with pytest.raises(DataError) as caught:
            read(content)
        assert f"'{module}.{name}'" in str(caught.value)
        assert "nothing was executed" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_of_a_hostile_file_runs(tmp_path: Path, protocol: int) -> None:
    marker, path = tmp_path / "ran", tmp_path / "data.pkl"
    hostile = make_content()
    hostile["train"]["id"] = Call(builtins.exec, f"open({str(marker)!r}, 'w').close()")
    content = pickle.dumps(hostile, protocol=protocol)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"^data\.pkl: pickle refused: it asks for '(builtins|__builtin__)\.exec'"):
        load_dataset(path)
    assert not marker.exists()
    pickle.loads(content)
    assert marker.exists(), "the file must be one that does harm elsewhere"


def array_with(dtype_state: str, raw: bytes = b"S'01234567'\n", name: str = "f8") -> bytes:
    """A protocol-0 array whose dtype was given a hostile state."""
    dtype = f"cnumpy\ndtype\n(S'{name}'\nI0\nI1\ntR({dtype_state}tb".encode()
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR"
    return array + b"(I1\n(I1\nt" + dtype + b"I00\n" + raw + b"tb."


PLAIN = "I3\nS'<'\nNNNI-1\nI-1\nI0\n"
STRUCTURED = "I3\nS'|'\nN(S'f0'\nt(dS'f0'\n(cnumpy\ndtype\n(S'O8'\nI0\nI1\ntRI0\ntsI8\nI1\nI0\n"
NESTED = b"K\x01" + b"q\x01h\x01\x86" * 200
"""A pair of twice the same pair, and so on: small to hold, 2^200 steps to hash."""
REPEATED = (
    b"\x80\x02X\x00\x80\x00\x00" + b"a" * 32768 + b"q\x000" + b"c_codecs\nencode\nh\x00Vlatin1\n\x86R" * 200 + b"."
)

HOSTILE = {
    "bytes as object pointers": (array_with(STRUCTURED, name="f8"), "structured dtype"),
    "raw bytes for an object array": (array_with(PLAIN, name="O8"), "object array of something else"),
    "void array": (array_with(PLAIN, name="V8"), "array of dtype 'V8'"),
    "more values than bytes": (array_with(PLAIN, raw=b"S'0123'\n"), "whose bytes do not fit"),
    "fewer bytes than the shape": (array_with(PLAIN, raw=b"S''\n"), r"shape \(1,\) with 0 values"),
    "call of ndarray": (b"cnumpy\nndarray\n((I1000000000000\nttR.", "named but not called"),
    "new object of a name": (b"\x80\x02cnumpy\ndtype\n)\x81.", "opcode that creates objects"),
    "state set on a constructor": (b"cnumpy\ndtype\n}S'_make'\nNsb.", "state of something that is no array"),
    "item set on a constructor": (b"\x80\x02cnumpy\ndtype\nK\x00K\x01s.", "as dictionary keys"),
    "call of a string": (b"\x80\x02X\x01\x00\x00\x00a)R.", "calls something that is no constructor"),
    "persistent id": (b"\x80\x02K\x01Q.", "opcode that creates objects"),
    "extension code": (b"\x80\x02\x82\x01.", "opcode that creates objects"),
    "instance opcode": (b"(ios\nsystem\n.", "opcode that creates objects"),
    "another codec": (b"c_codecs\nencode\n(Va\nVrot13\ntR.", "something else than a latin1 string"),
    "size beyond the file": (
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"abc",
        "1099511627776 bytes announced, 3 left",
    ),
    "frame beyond the file": (b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + b"N.", "bytes announced, 2 left"),
    "key that takes forever to hash": (b"\x80\x02}" + NESTED + b"Ns.", "as dictionary keys"),
    "member that takes forever to hash": (b"\x80\x04\x8f(" + NESTED + b"\x90.", "set of something else"),
    "set that takes forever to hash": (b"c__builtin__\nset\n(]" + NESTED + b"atR.", "set of something else"),
    "copies of one string": (REPEATED, "repeats its content until it is larger than the file"),
}


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_constructions_are_refused_at_once(content: bytes, reason: str) -> None:
    start = time.perf_counter()
    with pytest.raises(DataError, match=rf"^data\.pkl: .*{reason}"):
        read(content)
    assert time.perf_counter() - start < 2.0


def test_arrays_that_share_their_bytes_are_refused_before_anybody_joins_them() -> None:
    content = BOMBS["many arrays, the same bytes"](Path("nowhere"))
    with pytest.raises(DataError, match="repeats its content until it is larger than the file"):
        load_pickle(content, "a.pkl")


def test_a_large_file_may_hold_its_features_as_lists_of_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpickle, "MOST_STEPS", 100)
    numbers = [value / 7 for value in range(1000)]
    assert read(pickle.dumps(numbers)) == numbers
    with pytest.raises(DataError, match=r"it takes more than \d+ steps"):
        read(pickle.dumps([[] for _ in range(1000)]))


def test_numbers_of_numpy_may_be_keys_and_members() -> None:
    found = read(pickle.dumps({np.int64(3): "x", "members": {np.int32(1), np.int64(2)}}))
    assert found == {3: "x", "members": {1, 2}}


def test_arrays_are_found_in_tuples_in_lists_in_dictionaries() -> None:
    values = np.arange(6.0).reshape(2, 3)
    found = read(pickle.dumps({"train": [((values, [values, 1], "x"), values[0], b"v[0]")]}))
    (inner, label, segment) = found["train"][0]
    assert isinstance(inner, tuple) and np.array_equal(inner[0], values) and np.array_equal(inner[1][0], values)
    assert label.tolist() == [0.0, 1.0, 2.0] and segment == b"v[0]" and inner[1][1:] == [1] and inner[2] == "x"


def test_the_hostile_arrays_are_well_formed_but_for_their_state() -> None:
    assert read(array_with(PLAIN)).tolist() == np.frombuffer(b"01234567", "<f8").tolist()


def test_admitted_constructors_cannot_be_changed_from_within_a_file() -> None:
    before = read(pickle.dumps(np.arange(3.0), protocol=2)).tolist()
    for content, _ in HOSTILE.values():
        with pytest.raises(DataError):
            read(content)
    assert read(pickle.dumps(np.arange(3.0), protocol=2)).tolist() == before == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("path", OLD_FILES, ids=lambda path: path.stem)
def test_a_file_cut_anywhere_or_altered_is_a_clear_error_or_data(path: Path) -> None:
    content = path.read_bytes()
    for end in range(1, len(content) - 1, 37):
        with pytest.raises(DataError, match=r"^data\.pkl: (truncated or damaged|pickle refused)"):
            read(content[:end])
    generator = np.random.default_rng(0)
    for _ in range(150):
        altered = bytearray(content)
        altered[generator.integers(len(content))] = generator.integers(256)
        try:
            read_mmsa(read(bytes(altered)), "data.pkl")
        except DataError as error:
            assert str(error).startswith("data.pkl: ")
