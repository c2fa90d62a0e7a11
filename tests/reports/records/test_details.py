"""Details of trials on disk: whole or not at all, exact, and data never a program."""

from __future__ import annotations

import os
import pickle

import numpy as np

from reports.records.details import details_in, details_path, encode_details, no_details


def test_what_is_written_is_read_back_exactly(tmp_path):
    details = {
        "edges/homo": np.random.default_rng(0).random((3, 6), dtype=np.float32),
        "prior/homo": np.full(6, 1 / 6, dtype=np.float32),
        "heads/common": np.array([0.1, -3.0, np.nan], dtype=np.float32),
    }
    (tmp_path / "artifacts").mkdir()
    details_path(tmp_path / "artifacts", "abc").write_bytes(encode_details(details))
    found = details_in(tmp_path / "artifacts")("abc")
    assert found is not None
    assert list(found) == list(details)
    for name, values in details.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values)
    assert sorted(path.name for path in (tmp_path / "artifacts").iterdir()) == ["abc.npz"]


def test_equal_details_give_equal_bytes(tmp_path):
    contents = [bytes(encode_details({"edges/homo": np.eye(6, dtype=np.float32)})) for _ in range(2)]
    assert contents[0] == contents[1]


def test_absent_details_are_none(tmp_path):
    assert details_in(tmp_path)("abc") is None
    assert no_details("abc") is None


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_reading_executes_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "object.npz", **{"edges/homo": np.array([Bomb()], dtype=object)})
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    read = details_in(tmp_path)
    assert read("object") is None
    assert read("pickle") is None
    assert not (tmp_path / "exploded").exists()
    assert len(caplog.records) == 2
    assert "object.npz: cannot be read" in caplog.text


def test_a_damaged_file_is_left_out_with_a_warning(tmp_path, caplog):
    path = details_path(tmp_path, "abc")
    path.write_bytes(encode_details({"heads/common": np.zeros(100, dtype=np.float32)})[:200])
    assert details_in(tmp_path)("abc") is None
    assert "is left out of the report" in caplog.text
