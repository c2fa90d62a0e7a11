"""Requests in, answers out, a line of JSON each; whatever MMSA prints goes to the standard error."""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import traceback
from typing import Any


def installed_version() -> str | None:
    """Of MMSA; None: it is not installed."""
    try:
        return importlib.metadata.version("mmsa")
    except importlib.metadata.PackageNotFoundError:
        return None


def main() -> None:
    """Serve until the standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def receive() -> dict[str, Any]:
        line = sys.stdin.readline()
        if not line:
            raise SystemExit
        found: dict[str, Any] = json.loads(line)
        return found

    def send(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    send({"version": installed_version()})
    request = receive()
    # Not before it is known that they are there.
    import torch

    from benchmarks.peer_mmsa.worker.computing import compute
    from benchmarks.peer_mmsa.worker.shims import apply_shims
    from benchmarks.peer_mmsa.worker.stepping import serve_steps
    from benchmarks.peer_mmsa.worker.training import train

    torch.set_num_threads(1)
    apply_shims()
    while True:
        try:
            if request["do"] == "train":
                send(train(request))
            elif request["do"] == "compute":
                send(compute(request))
            else:
                serve_steps(request, receive, send)
        except Exception as error:
            traceback.print_exc()
            send({"error": f"{type(error).__name__}: {error}"})
        request = receive()


if __name__ == "__main__":
    main()
