"""What decides a number besides settings and data: the code, torch, the device, the threads, the workers."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import dmd
from dmd.kernels import native
from orchestration.node_setup.kept_digest import kept_digest

SAME_NUMBERS: Mapping[str, str] = {"a7010c1f9402": "46a6de4c3a92"}
"""Digests of code, each with that of earlier code which gives the same numbers to the last bit: modules were moved and
renamed, methods, settings and other targets than one number were added in between. A method of which it is not true
counts that itself (:attr:`dmd.declaration.method.Method.revision`); two dropout rates that no preset of DMD has are
rounded otherwise (decision 225). Studies that the earlier code began go on, and their trials are reused."""


@dataclass(frozen=True)
class Fingerprint:
    """Two trials with equal fingerprints, data, settings and seed give equal numbers.

    Attributes:
        code: digest of the package ``dmd``, or of earlier code that gives the same numbers (``SAME_NUMBERS``).
        torch: its version.
        device: kind of device that trains.
        threads: that torch uses in one worker.
        workers: processes that train one trial together.
        kernels: ``compiled`` or ``torch``: who computes the passes of an encoder layer (they differ in the last
            digits).
    """

    code: str
    torch: str
    device: str
    threads: int
    workers: int
    kernels: str

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


def take_fingerprint(device: str, threads: int, workers: int) -> Fingerprint:
    """The fingerprint of the ``dmd`` that is installed here.

    Args:
        device: kind of device that trains.
        threads: that torch uses in one worker.
        workers: processes that train one trial together.
    """
    code = kept_digest(Path(dmd.__file__).parent, code_digest)
    return Fingerprint(
        code=SAME_NUMBERS.get(code, code),
        torch=version("torch"),
        device=device,
        threads=threads,
        workers=workers,
        kernels=_kernels(device),
    )


def _kernels(device: str) -> str:
    return "compiled" if device == "cpu" and native.is_available() else "torch"


def code_digest(package: Path) -> str:
    """Digest of what the package's modules *do*: comments, layout and docstrings may change freely."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and _is_docstring(body[0]):
                del body[0]
        digest.update(f"{path.relative_to(package).as_posix()}\0{ast.dump(tree)}\0".encode())
    for path in sorted(package.rglob("*.[ch]")):
        digest.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
