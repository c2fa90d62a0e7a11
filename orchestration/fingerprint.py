"""What decides a number besides settings and data: the code, torch, the device, the threads, the workers."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import dmd


@dataclass(frozen=True)
class Fingerprint:
    """Two trials with equal fingerprints, data, settings and seed give equal numbers."""

    code: str
    torch: str
    device: str
    threads: int
    workers: int

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


def take_fingerprint(device: str, threads: int, workers: int) -> Fingerprint:
    """The fingerprint of the ``dmd`` that is installed here."""
    return Fingerprint(code_digest(Path(dmd.__file__).parent), version("torch"), device, threads, workers)


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
    return digest.hexdigest()[:12]


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
