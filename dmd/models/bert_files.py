"""Where a BERT's files are: a directory, here or beside the data, or the local copy of a model of the Hugging Face hub.

Only ``config.json`` and ``*.safetensors`` are ever fetched or read: data, never a program. Nothing is reported home.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from dmd.errors import ConfigurationError

CONFIG, WEIGHTS = "config.json", "*.safetensors"
_MOST = {"num_hidden_layers": 1_000, "num_labels": 1_000}
_MOST_OF_OTHERS, _MOST_BYTES = 1 << 20, 1 << 20
"""What a configuration may ask for: a large number in it costs memory before it is compared with the weights."""
EXTRA = "pip install 'dmd-search[bert]'"
# Read by the library when it is imported. The user's own values stay.
_QUIET = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}


def find_bert(path: str, beside: Path | None = None) -> Path:
    """The directory that ``bert.path`` names: from here, from ``beside``, else a model of the hub, fetched once.

    Raises ConfigurationError, one line that says what is missing and what to do.
    """
    directories = [Path(path).expanduser(), *([beside / path] if beside is not None else [])]
    for directory in directories:
        if directory.is_dir():
            return _checked(directory)
    if _is_local(path):
        where = "here" if beside is None else f"here or in {beside}"
        raise ConfigurationError(
            f"bert.path: no directory {path!r} {where}; give one that holds {CONFIG} and model.safetensors"
        )
    return _checked(_fetch(path))


def files_of_bert(directory: Path) -> list[Path]:
    """All that is ever read of a BERT's directory; pipes and devices, whose reading need not end, are not."""
    return sorted([directory / CONFIG, *(path for path in directory.glob(WEIGHTS) if path.is_file())])


def digest_bert(directory: Path) -> str:
    """Equal for equal configurations and weights, whatever the directory is called."""
    digest = hashlib.sha256()
    for file in files_of_bert(directory):
        digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]


def _is_local(path: str) -> bool:
    """True for what can be no name of the hub (``model`` or ``owner/model``)."""
    return path.startswith((".", "~", os.sep)) or path.count("/") > 1 or path.endswith("/") or Path(path).exists()


def _checked(directory: Path) -> Path:
    if not (directory / CONFIG).is_file():
        raise ConfigurationError(
            f"bert.path: {directory} has no {CONFIG}; a BERT's directory, as `save_pretrained` writes it, has one"
        )
    if files_of_bert(directory) == [directory / CONFIG]:
        raise ConfigurationError(
            f"bert.path: {directory} has no {WEIGHTS} file (pickled weights are not read); save the model again with "
            "`save_pretrained`"
        )
    try:
        if (directory / CONFIG).stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        content = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"bert.path: {directory / CONFIG} is no JSON ({error}); fetch it again") from None
    kind = content.get("model_type") if isinstance(content, dict) else None
    if kind != "bert":
        raise ConfigurationError(
            f"bert.path: {directory} holds a model of type {kind!r}; the token ids are BERT's, so it must be `bert`"
        )
    large = [name for name, value in content.items() if type(value) is int and value > _MOST.get(name, _MOST_OF_OTHERS)]
    if large:
        raise ConfigurationError(
            f"bert.path: {directory / CONFIG} asks for too much: {', '.join(large)}; fetch it again"
        )
    return directory


def _fetch(name: str) -> Path:
    for variable, value in _QUIET.items():
        os.environ.setdefault(variable, value)
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ConfigurationError(f"text: bert_ids needs an extra; {EXTRA}") from None
    try:
        return Path(snapshot_download(name, allow_patterns=[CONFIG, WEIGHTS]))
    except Exception as error:  # the library raises its own, its transport's and the system's errors
        reason = " ".join(str(error).strip().split("\n")[0].split())[:160] or type(error).__name__
        raise ConfigurationError(
            f"bert.path: {name!r} is no directory here and cannot be fetched from the Hugging Face hub ({reason}); "
            "give a directory, or fetch it where there is a network"
        ) from None
