#!/usr/bin/env bash
# DistributedDataParallel: a step that leaves one branch out is not averaged at all, and nothing says so in that step.
#
# Versions  torch 2.13.0 (CPU, gloo, two processes), Python 3.11
# Expected  Without find_unused_parameters, a step in which a parameter gets no gradient raises; or the parameters that do get one are averaged.
# Seen      The backward pass of such a step returns normally, and the gradients of the branch that *was* used stay those of each process:
#           its bucket waits for the missing parameter and is never reduced. The optimiser steps, the replicas part. The error comes
#           with the forward pass of the next training step. If the epoch ends there, evaluation and checkpoint come first, on weights
#           that differ from process to process. static_graph=True does the same.
# Matters   Leaving a modality out in some steps (modality dropout, alternating unimodal losses) is common in multimodal training. Where the
#           last step of an epoch is such a step, every process validates, and may save, a model of its own before anything is raised.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
export PLACE=$place GLOO_SOCKET_IFNAME=lo OMP_NUM_THREADS=1
"$place/venv/bin/python" -W ignore - 2> "$place/stderr" <<'PYTHON' || { cat "$place/stderr" >&2; exit 1; }
import multiprocessing
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class TwoBranches(nn.Module):
    def __init__(self):
        super().__init__()
        self.text = nn.Linear(1, 1, bias=False)
        self.audio = nn.Linear(1, 1, bias=False)

    def forward(self, x, with_audio):
        return self.text(x) + self.audio(x) if with_audio else self.text(x)


def train(rank, options, store, answers):
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = DistributedDataParallel(TwoBranches(), **options)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    item = torch.tensor([[1.0 + rank]])  # the gradient of text is 1 here and 2 there: 1.5 on average
    seen = []
    for with_audio in (True, False, True):
        optimiser.zero_grad()
        try:
            model(item, with_audio).sum().backward()
        except RuntimeError as error:
            seen.append(str(error).split(" before ")[0])
            break
        optimiser.step()
        seen.append((model.module.text.weight.grad.item(), round(model.module.text.weight.item(), 4)))
    answers.put((rank, seen))
    answers.close()
    answers.join_thread()
    os._exit(0)


def run(name, options):
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    store = os.path.join(os.environ["PLACE"], name)
    workers = [fork.Process(target=train, args=(rank, options, store, answers)) for rank in range(2)]
    for worker in workers:
        worker.start()
    seen = dict(answers.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    return seen[0], seen[1]


for name, options in {"default": {}, "static_graph": {"static_graph": True}}.items():
    first, second = run(name, options)
    print(f"{name}, step 1 (both branches): gradients of text {first[0][0]} and {second[0][0]}")
    print(f"{name}, step 2 (text alone): gradients {first[1][0]} and {second[1][0]}; weights then {first[1][1]} and {second[1][1]}; no error")
    print(f"{name}, step 3 (both branches): {first[2]!r}")
    assert first[0] == second[0] and first[0][0] == 1.5
    assert (first[1][0], second[1][0]) == (1.0, 2.0) and first[1][1] != second[1][1]
    assert first[2] == second[2] == "Expected to have finished reduction in the prior iteration"
first, second = run("find_unused", {"find_unused_parameters": True})
print(f"find_unused_parameters, step 2: gradients {first[1][0]} and {second[1][0]}")
assert first == second and first[1][0] == 1.5
PYTHON
