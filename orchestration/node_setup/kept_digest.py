"""The digest of a package's code, kept in the cache of this machine: to read all modules takes a second."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path

from orchestration.node_setup.cache import cache_directory
from orchestration.process.atomic_files import write_whole

_DIGEST = re.compile(r"[0-9a-f]{12}")


def kept_digest(package: Path, read: Callable[[Path], str]) -> str:
    """``read(package)``, asked once for the same files and the same Python; a cache that cannot be used is not used."""
    kept = cache_directory() / f"code-{_digest_files(package)}"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if _DIGEST.fullmatch(found := kept.read_text(encoding="ascii")):
            return found
    found = read(package)
    with contextlib.suppress(OSError):
        write_whole(kept, found.encode("ascii"))
    return found


def _digest_files(package: Path) -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.[ch]")]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
