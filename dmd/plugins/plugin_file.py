"""A plugin as a file: read, and identified by its content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dmd.errors import ConfigurationError

DIGEST_LENGTH = 12


@dataclass(frozen=True)
class PluginFile:
    """A plugin's source, which travels as it is.

    Attributes:
        path: as the user named it, for messages and tracebacks.
        content: of the file.
        place: the file itself, for whoever reads it again from another folder.
    """

    path: str
    content: str
    place: str = ""

    @property
    def digest(self) -> str:
        """Of the content."""
        return hashlib.sha256(self.content.encode()).hexdigest()[:DIGEST_LENGTH]

    @property
    def name(self) -> str:
        """The file's own name."""
        return Path(self.path).name


def read_plugin(path: Path, shown: str = "") -> PluginFile:
    """The plugin in a file.

    Args:
        path: of the file.
        shown: how messages name it; empty: as ``path``.

    Raises:
        ConfigurationError: there is no such file, or it is no text.
    """
    shown = shown or str(path)
    try:
        return PluginFile(shown, path.read_text(encoding="utf-8-sig"), str(path.absolute()))
    except OSError as error:
        raise ConfigurationError(f"plugin {shown}: {error.strerror or error}; name a Python file") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"plugin {shown}: is no UTF-8 text; name a Python file") from None
