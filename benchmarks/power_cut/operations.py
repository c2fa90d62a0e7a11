"""What a program does to files, as its system calls say: ``strace`` records them, here they are read.

Only what happens below given folders counts. Where a plain ``write`` goes is followed from ``open`` and ``lseek``. A
call on these folders that is not understood raises ValueError: a recording with a gap would prove nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["create", "write", "truncate", "sync", "rename", "remove", "folder", "link", "copy"]

_CALLS = (
    "open openat creat write pwrite64 writev pwritev pwritev2 sendfile copy_file_range ftruncate truncate fallocate "
    "rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat symlink symlinkat link linkat fsync fdatasync lseek"
)
_LINE = re.compile(r"(\d+) +(.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)(?:<(?P<path>[^>]*)>)?")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_UNFINISHED = " <unfinished ...>"
_STRING = re.compile(r'"([\\x0-9a-f]*)"')
_DESCRIPTOR = re.compile(r"\w+<([^>]*)>")
_ARGUMENT = re.compile(r"(?:\[[^\]]*\]|[^,\[]+)+")
_DELETED = " (deleted)"


@dataclass(frozen=True)
class Operation:
    """One change of files, or one wait for the disk.

    path: absolute. other: the new name of a rename, or the source of a copy. offset: where a write begins; None: at the
    end. size: of a truncated file. source: the range of a copy's source.
    """

    kind: Kind
    path: Path
    other: Path | None = None
    offset: int | None = None
    data: bytes = b""
    size: int = 0
    source: range = range(0)


def traced(command: Sequence[str], log: Path) -> list[str]:
    """``command`` with what records the system calls of all its processes in ``log``."""
    calls = ",".join(_CALLS.split())
    options = ["-f", "-y", "-xx", "--seccomp-bpf", "-s", "1000000000", "-e", f"trace={calls}", "-e", "signal=none"]
    return ["strace", *options, "-o", str(log), *command]


def read_operations(log: Path, folders: Sequence[Path]) -> Iterator[Operation]:
    """The operations below ``folders`` in the order in which they were done."""
    reader = _Reader(tuple(folders))
    with log.open(encoding="ascii", errors="replace") as lines:
        for call in _whole_calls(lines):
            yield from reader.read(call)


def _whole_calls(lines: Iterable[str]) -> Iterator[str]:
    """Calls that those of other threads interrupt in the log are put together where they end."""
    begun: dict[str, str] = {}
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        thread, text = found.groups()
        if text.endswith(_UNFINISHED):
            begun[thread] = text.removesuffix(_UNFINISHED)
        elif resumed := _RESUMED.match(text):
            yield begun.pop(thread) + resumed[1]
        else:
            yield text


@dataclass
class _Reader:
    """cursors: path -> where the next plain write of its writer goes; None: to the end, whatever happens."""

    folders: tuple[Path, ...]
    cursors: dict[Path, int | None] = field(default_factory=dict)

    def read(self, text: str) -> Iterator[Operation]:
        found = _CALL.match(text)
        if found is None or int(found["result"]) < 0:
            return
        arguments = _split(found["arguments"])
        opened = None if found["path"] is None else _path(found["path"])
        # What is written is no name.
        named = arguments[:1] if "write" in found["name"] else arguments
        paths = [path for path in (*_paths(named), opened) if path is not None]
        if any(self._is_below(path) for path in paths):
            yield from self._understand(found["name"], arguments, int(found["result"]), opened)

    def _is_below(self, path: Path) -> bool:
        return any(folder == path or folder in path.parents for folder in self.folders)

    def _understand(self, name: str, arguments: list[str], result: int, opened: Path | None) -> Iterator[Operation]:
        match name:
            case "open" | "openat" | "creat":
                assert opened is not None
                yield from self._open(opened, arguments[-1] if name == "creat" else arguments[1 + (name == "openat")])
            case "lseek":
                path = _paths(arguments)[0]
                if self.cursors.get(path, 0) is not None:
                    self.cursors[path] = result
            case "write" | "writev":
                yield self._write(_paths(arguments[:1])[0], _data(arguments[1], result))
            case "pwrite64" | "pwritev" | "pwritev2":
                offset = int(arguments[3] if name != "pwritev2" else arguments[-2])
                yield Operation("write", _paths(arguments[:1])[0], offset=offset, data=_data(arguments[1], result))
            case "sendfile":
                yield from self._send(arguments, result)
            case "truncate" | "ftruncate":
                yield Operation("truncate", _paths(arguments)[0], size=int(arguments[1]))
            case "fsync" | "fdatasync":
                yield Operation("sync", _paths(arguments)[0])
            case _:
                yield from _rename(name, arguments)

    def _open(self, path: Path, flags: str) -> Iterator[Operation]:
        if "O_WRONLY" not in flags and "O_RDWR" not in flags:
            return
        self.cursors[path] = None if "O_APPEND" in flags else 0
        if "O_CREAT" in flags and "O_TMPFILE" not in flags:
            yield Operation("create", path)
        if "O_TRUNC" in flags:
            yield Operation("truncate", path)

    def _write(self, path: Path, data: bytes) -> Operation:
        cursor = self.cursors.get(path, 0)
        if cursor is not None:
            self.cursors[path] = cursor + len(data)
        return Operation("write", path, offset=cursor, data=data)

    def _send(self, arguments: list[str], number: int) -> Iterator[Operation]:
        target, source = _paths(arguments)[:2]
        begin = re.match(r"\[(\d+)\]", arguments[2])
        if begin is None:
            raise ValueError(f"sendfile to {target} without an offset is not understood")
        if number:
            cursor = self.cursors.get(target, 0)
            assert cursor is not None
            self.cursors[target] = cursor + number
            start = int(begin[1])
            yield Operation("copy", target, source, offset=cursor, source=range(start, start + number))


def _rename(name: str, arguments: list[str]) -> Iterator[Operation]:
    """Calls that change names."""
    paths = _paths(arguments)
    match name:
        case "rename" | "renameat" | "renameat2":
            yield Operation("rename", paths[0], paths[1])
        case "unlink" | "unlinkat" | "rmdir":
            yield Operation("remove", paths[0])
        case "mkdir" | "mkdirat":
            yield Operation("folder", paths[0])
        case "symlink" | "symlinkat":
            yield Operation("link", paths[-1], paths[0])
        case _:
            raise ValueError(f"a call that is not understood: {name} on {', '.join(map(str, paths))}")


def _split(arguments: str) -> list[str]:
    """The arguments of a call. Strings are written in hexadecimal, so that signs between them mean what they say."""
    return [part.strip() for part in _ARGUMENT.findall(arguments)]


def _paths(arguments: Sequence[str]) -> list[Path]:
    """What is named by path or descriptor, in order; a name after a folder's descriptor is meant there."""
    found: list[Path] = []
    folder: Path | None = None
    for argument in arguments:
        if described := _DESCRIPTOR.fullmatch(argument):
            if folder is not None:
                found.append(folder)
            folder = _path(described[1])
        elif named := _STRING.fullmatch(argument):
            found.append((folder or Path("/")) / _path(named[1]))
            folder = None
    return [*found, folder] if folder is not None else found


def _data(argument: str, number: int) -> bytes:
    """The first ``number`` bytes of a string, or of the strings of an array of them."""
    return b"".join(_bytes(text) for text in _STRING.findall(argument))[:number]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _path(text: str) -> Path:
    return Path(_bytes(text).decode().removesuffix(_DELETED))
