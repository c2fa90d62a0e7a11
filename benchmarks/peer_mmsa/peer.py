"""The process that runs MMSA, under a Python that the user brings."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import benchmarks
from dmd.errors import InputError

VERSION = "2.2.1"
HOW = (
    "make one: python3 -m venv FOLDER; FOLDER/bin/pip install torch==2.13.0 numpy pandas scikit-learn transformers "
    f"easydict tqdm pynvml; FOLDER/bin/pip install --no-deps mmsa=={VERSION}; --python FOLDER/bin/python"
)
ROOT = Path(benchmarks.__file__).parents[1]
QUIETLY = {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class PeerFailed(Exception):
    """What MMSA was asked for went wrong; its message says how."""


class Peer:
    """Answers requests one after the other (``worker/__main__.py``).

    Args:
        python: an interpreter that has MMSA.

    Raises:
        InputError: it has not, or cannot be run.
    """

    def __init__(self, python: Path) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        command = [str(python.absolute()), "-m", "benchmarks.peer_mmsa.worker"]
        environment = os.environ | QUIETLY | {"PYTHONPATH": str(ROOT)}
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                text=True,
                bufsize=1,
            )
        except OSError as error:
            self._errors.close()
            raise InputError(f"--python {python}: cannot be run: {error.strerror}; {HOW}") from error
        try:
            version = self._receive().get("version")
        except PeerFailed as error:
            self.__exit__()
            raise InputError(f"--python {python}: {error}; {HOW}") from error
        if version != VERSION:
            self.__exit__()
            found = "no mmsa" if version is None else f"mmsa {version}"
            raise InputError(f"--python {python}: has {found}, and this takes {VERSION}; {HOW}")

    def ask(self, do: str, **details: Any) -> dict[str, Any]:
        """The answer to one request. Raises PeerFailed."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the answer tells
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
        answer = self._receive()
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return answer

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            said = self._errors.read().strip().splitlines()
            raise PeerFailed(said[-1] if said else f"ended with exit code {self._process.returncode}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()
