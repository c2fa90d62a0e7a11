#!/usr/bin/env bash
# MMSA's Graph-MFN neither trains nor saves the networks of its graph: they stay as they were drawn, anew in every process.
#
# Versions  mmsa 2.2.1, torch 2.13.0 (CPU), numpy 2.4.6 (Python 3.11)
# Expected  The Dynamic Fusion Graph is what distinguishes Graph-MFN from MFN: its vertices are trained and are part of a checkpoint.
# Seen      The four vertex networks lie in a plain dictionary. In MOSI's configuration 208,656 weights are no parameters of the model: the
#           optimiser never moves them, .double() and .to(device) pass them by, and a state_dict that is loaded with strict=True into a new model
#           gives other predictions, because the graph of the new model is another one.
# Matters   What is compared as "Graph-MFN" is a recurrent model with a fixed random projection where the graph should be; a saved model cannot be
#           loaded again without the seed it began with; and the printed number of parameters is too small.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6' 'pandas==3.1.1' \
  'scikit-learn==1.9.1' 'transformers==5.23.0' 'easydict==1.14' 'tqdm==4.70.1' 'pynvml==13.0.1'
"$place/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps 'mmsa==2.2.1'  # its own list has no working nvidia-ml-py3
export OMP_NUM_THREADS=1
"$place/venv/bin/python" -W ignore - <<'PYTHON'
import torch
from MMSA.config import get_config_regression
from MMSA.models.singleTask.Graph_MFN import Graph_MFN

config = get_config_regression("graph_mfn", "mosi")
config.update(train_mode="regression", device=torch.device("cpu"))


def build(seed):
    torch.manual_seed(seed)
    return Graph_MFN(config)


def graph_weights(model):
    return [weights for network in model.graph_mfn.networks.values() for weights in network.parameters()]


model = build(seed=0)
known = {id(parameter) for parameter in model.parameters()}
outside = sum(weights.numel() for weights in graph_weights(model) if id(weights) not in known)
print(f"{sum(p.numel() for p in model.parameters()):,} parameters; {outside:,} weights of the graph are not among them")
assert outside == 208_656

clips = tuple(torch.randn(16, 8, width) for width in config.feature_dims)
labels = torch.randn(16, 1)
before = [weights.detach().clone() for weights in graph_weights(model)]
optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
for _ in range(10):
    optimiser.zero_grad()
    torch.nn.functional.l1_loss(model(*clips)["M"], labels).backward()
    optimiser.step()
unchanged = all(torch.equal(old, new) for old, new in zip(before, graph_weights(model), strict=True))
with_gradient = all(weights.grad is not None for weights in graph_weights(model))
print(f"after ten steps of Adam: gradients reach the graph: {with_gradient}; its weights are unchanged: {unchanged}")
assert with_gradient and unchanged

loaded = build(seed=1)
print(f"load_state_dict(strict=True): {loaded.load_state_dict(model.state_dict(), strict=True)}")
with torch.no_grad():
    kept, again = model.eval()(*clips)["M"], loaded.eval()(*clips)["M"]
difference = ((kept - again).abs().max() / kept.std()).item()
print(f"predictions of the loaded model differ by up to {difference:.3f} of their standard deviation")
assert difference > 1e-4
PYTHON
