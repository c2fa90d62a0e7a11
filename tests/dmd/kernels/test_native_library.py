"""Which compiled library is taken, and what is said of one that does not fit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from dmd.errors import ConfigurationError
from dmd.kernels import native

CC = shutil.which("cc")
needs_compiler = pytest.mark.skipif(CC is None, reason="no C compiler")


def compile_library(path: Path, source: str) -> None:
    path.with_suffix(".c").write_text(source)
    assert CC is not None
    subprocess.run([CC, "-shared", "-fPIC", "-o", path, path.with_suffix(".c")], check=True)
    path.with_suffix(".c").unlink()


@needs_compiler
@pytest.mark.parametrize(
    "source",
    ["int add_float32;", f"#include <stdint.h>\nint64_t native_version(void) {{ return {native.VERSION - 1}; }}"],
    ids=["from before versions", "of another version"],
)
def test_a_library_of_another_version_is_refused_in_one_line(source: str, tmp_path: Path) -> None:
    compile_library(tmp_path / "_native.so", source)
    with pytest.raises(ConfigurationError) as raised:
        native.load(tmp_path)
    (line,) = str(raised.value).splitlines()
    assert line.startswith(str(tmp_path / "_native.so"))
    assert "pip install --no-deps -e ." in line


@needs_compiler
def test_a_fitting_library_beside_an_old_one_is_taken(tmp_path: Path) -> None:
    compile_library(tmp_path / "_native.a.so", "int add_float32;")
    version = f"#include <stdint.h>\nint64_t native_version(void) {{ return {native.VERSION}; }}"
    compile_library(tmp_path / "_native.b.so", version)
    assert native.load(tmp_path) is not None


def test_no_library_and_one_for_another_machine_leave_the_work_to_torch(tmp_path: Path) -> None:
    assert native.load(tmp_path) is None
    (tmp_path / "_native.so").write_bytes(b"not for this processor")
    assert native.load(tmp_path) is None


def test_without_a_matrix_product_to_call_the_work_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "gemm", dict)
    assert not native.is_available()
    assert not native.serves(torch.zeros(1))
