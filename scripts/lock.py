"""Compile ``requirements.lock`` from ``pyproject.toml``.

Compiled, not frozen: versions come from resolving what the project asks for. ``pip-compile`` runs where torch's CPU
build may be installed, so its local version (``+cpu``) is cut: the lock then fits a GPU machine too, where pip takes
the build that the index offers, with that build's own CUDA packages.
"""

import re
import subprocess
import sys
from pathlib import Path

LOCK = Path("requirements.lock")
HEADER = "# Compiled by `make lock` from pyproject.toml (extra: dev). Do not edit.\n"


def main() -> None:
    """Write the lock file; the resolver's own messages go to stderr."""
    options = ["--extra=dev", "--strip-extras", "--no-header", "--no-annotate", "--no-emit-index-url"]
    options += ["--no-emit-find-links", "--allow-unsafe", "--quiet", f"--output-file={LOCK}", "pyproject.toml"]
    subprocess.run([sys.executable, "-m", "piptools", "compile", *options], check=True)
    lines = [line for line in LOCK.read_text().splitlines() if line and not line.startswith(("--", "#"))]
    LOCK.write_text(HEADER + "".join(re.sub(r"\+cpu$", "", line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
