"""What a module that was not written for the training loop must prove before a study of it starts.

A few training steps show whether its loss trains it, and a copy that is loaded from its saved state whether a trial
that is cut off could be continued: what is kept outside of the state is lost there, and at the return to the best
epoch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from dmd.data.dataset.batches import Batch
from dmd.declaration.component import Component, Phase
from dmd.dropout import SeededDropout, no_dropout
from dmd.errors import ConfigurationError
from dmd.models.model import Model, Outputs
from dmd.models.plain_module import module_of
from dmd.training.checkpoint import encode_state, load_stored
from dmd.training.config import TrainingConfig
from dmd.training.state import copy_state
from dmd.training.step_groups import endless_batches
from dmd.training.turns import Turn, make_turns

_NUM_STEPS = 3
_NUM_ROWS = 64
_ORDINALS = ("first", "second", "third")


def prove_module(
    make: Callable[[], Model],
    components: Sequence[Component],
    train_part: Batch,
    valid_part: Batch,
    config: TrainingConfig,
    seed: int,
) -> None:
    """Refuse what could not be trained, continued or predicted with as its author means it.

    Args:
        make: builds the model anew, each time the same.
        components: of its method that are on.
        train_part: labels in the unit that is trained in, with rows.
        valid_part: unlabelled.
        config: of the training loop.
        seed: of the trial.

    Raises:
        ConfigurationError: says what is wrong and what to do.
    """
    model = make()
    _require_sizes(model)
    _require_parts(model, components)
    turns = make_turns(model, config)
    _require_phases(model, model.phases)
    batches = endless_batches(train_part, config.batch_size, seed, model.smallest_batch)
    train_part = replace(train_part, epoch=1)
    model.prepare_epoch(1, train_part)
    model.train()
    outside: list[Tensor] = []
    for step, rows in enumerate(itertools.islice(batches, _NUM_STEPS)):
        for place, turn in enumerate(turns):
            batch = replace(train_part.take(rows), phase=turn.phase)
            outputs = model(batch, SeededDropout(seed, step * len(turns) + place))
            require_finite(outputs, f"the {_ORDINALS[step]} training step")
            outside = _require_trained(outputs, turn, model, outside)
    valid = replace(valid_part.take(slice(0, _NUM_ROWS)), labels=None)
    require_finite(_evaluate(model, valid), "the first evaluation")
    _require_continuable(model, make(), train_part, next(batches), valid, seed)


def require_finite(outputs: Outputs, when: str) -> None:
    """Raise ConfigurationError where a prediction, the loss or a term is not finite."""
    values = {"prediction": outputs.prediction, "loss": outputs.loss, **outputs.terms}
    wrong = [name for name, value in values.items() if value is not None and not bool(value.isfinite().all())]
    if wrong:
        raise ConfigurationError(
            f"not finite at {when}: {', '.join(wrong)}; look for a division by zero, a logarithm of zero, or padding "
            "that is averaged over no step"
        )


def _require_sizes(model: Model) -> None:
    lazy = [name for name, value in module_of(model).named_parameters() if nn.parameter.is_lazy(value)]
    if lazy:
        raise ConfigurationError(
            f"the sizes of {', '.join(lazy)} are not known when the model is built; give widths from "
            "`dims.widths` instead of a lazy module"
        )


def _require_parts(model: Model, components: Sequence[Component]) -> None:
    module = module_of(model)
    known = {name for name, _ in itertools.chain(module.named_modules(), module.named_parameters())}
    for component in components:
        if missing := [part for part in component.parts if part not in known]:
            raise ConfigurationError(
                f"component {component.name!r} declares the parts {', '.join(missing)}, but the module has none of "
                f"that name; it has {', '.join(sorted(name for name in known if name)) or 'no submodule'}"
            )


def _require_phases(model: Model, phases: Sequence[Phase]) -> None:
    untrained = [
        name
        for name, parameter in module_of(model).named_parameters()
        if parameter.requires_grad and not any(phase.trains(name) for phase in phases)
    ]
    if phases and untrained:
        raise ConfigurationError(
            f"no phase trains {', '.join(untrained)}; name them in one, or give them requires_grad=False"
        )


def _require_trained(outputs: Outputs, turn: Turn, model: Model, before: Sequence[Tensor]) -> list[Tensor]:
    """Make the turn's step; its trainable tensors outside of the model. ``before``: those of the earlier ones."""
    if turn.optimiser is None:
        return []
    if outputs.loss is None or not outputs.loss.requires_grad:
        raise ConfigurationError(
            f"the loss{f' of phase {turn.phase!r}' if turn.phase else ''} depends on no parameter, so nothing would be "
            "trained; look for .detach(), .item(), torch.no_grad() or a rounding on the way to it"
        )
    outside = list(_leaves_outside(outputs.loss, model))
    for leaf in outside:
        if isinstance(leaf, nn.Parameter) or any(leaf is other for other in before):
            raise ConfigurationError(
                f"forward uses trainable weights of shape {tuple(leaf.shape)} that are no parameters of the module, so "
                "they would never be trained; make them in __init__, and keep lists of them in nn.ModuleList or "
                "nn.ParameterList"
            )
    turn.optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(outputs.loss)
    turn.optimiser.step()
    return outside


def _leaves_outside(loss: Tensor, model: Model) -> Iterator[Tensor]:
    """Tensors that a gradient of the loss reaches, and that the model does not have."""
    own = {id(parameter) for parameter in model.parameters()}
    seen, waiting = set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None and id(leaf) not in own:
            yield leaf
        waiting += [following for following, _ in node.next_functions]


def _evaluate(model: Model, part: Batch) -> Outputs:
    model.eval()
    with torch.no_grad():
        outputs: Outputs = model(part, no_dropout)
    return outputs


def _require_continuable(
    model: Model, fresh: Model, train_part: Batch, rows: Tensor, valid_part: Batch, seed: int
) -> None:
    """Raise ConfigurationError unless ``fresh``, loaded from the state of ``model``, does what that does."""
    _load_saved(model, fresh)
    pairs = [(_evaluate(model, valid_part), _evaluate(fresh, valid_part))]
    answers = []
    for each in (model, fresh):
        each.prepare_epoch(2, replace(train_part, epoch=2))
        each.train()
        batch = replace(train_part.take(rows), epoch=2, phase=each.phases[0].name if each.phases else "")
        answers.append(each(batch, SeededDropout(seed, _NUM_STEPS)))
    pairs.append((answers[0], answers[1]))
    if not all(_is_close(one, other) for one, other in pairs):
        raise ConfigurationError(
            "loaded from its own state_dict() the model does not do the same, so a trial could not be continued, nor "
            "go back to its best epoch: something that changes in training is kept outside of it; use register_buffer, "
            "or get_extra_state and set_extra_state"
        )


def _load_saved(model: Model, fresh: Model) -> None:
    """Save the one as a trial does, and load the other from it."""
    try:
        state = load_stored(bytes(encode_state(copy_state(model))))
    except Exception as error:  # it is anybody's state
        raise ConfigurationError(
            f"its state cannot be saved ({_first_line(error)}); get_extra_state must give tensors, numbers, texts, and "
            "lists and dictionaries of them"
        ) from error
    try:
        fresh.load_state_dict(state)
    except RuntimeError as error:
        raise ConfigurationError(
            f"its state cannot be loaded into the model as it is built ({_first_line(error)}); make every parameter "
            "and buffer in __init__, in the shape that it keeps"
        ) from error


def _is_close(one: Outputs, other: Outputs) -> bool:
    pairs = [(one.prediction, other.prediction)]
    if one.loss is not None and other.loss is not None:
        pairs.append((one.loss, other.loss))
    return all(torch.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True) for a, b in pairs)


def _first_line(error: Exception) -> str:
    # What torch says first of a file that it does not read is how to read it at one's own risk.
    text = str(error).rpartition("WeightsUnpickler error:")[2]
    return f"{type(error).__name__}: {' '.join(text.split())[:160]}"
