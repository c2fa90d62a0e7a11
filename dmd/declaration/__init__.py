"""How a method is declared: the one public API of a plugin, and of every method of the package.

One :class:`Method` says what a model's settings are, which of its components an ablation switches, what its loss is
made of and where a search looks. From it come the checks of a search space, the designs, the contrasts, the tables
and the documentation. A model may be any :class:`torch.nn.Module`; ``docs/your-model.md`` has one in forty lines.
Read ``method.py`` first.
"""

from dmd.declaration.component import Component, KeptHeads, LossTerm, Phase, PublishedRows
from dmd.declaration.dims import Dims
from dmd.declaration.method import Method
from dmd.declaration.model_input import ModelInput
from dmd.settings import setting

__all__ = [
    "Component",
    "Dims",
    "KeptHeads",
    "LossTerm",
    "Method",
    "ModelInput",
    "Phase",
    "PublishedRows",
    "setting",
]
