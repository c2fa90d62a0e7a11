"""A YAML text as plain values, every key with its line and column.

Safe by construction: tags are refused, so nothing but mappings, lists and scalars can come out; size, depth and the
number of nodes (counted after aliases are followed) are bounded, so no alias bomb or merge loop can run away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from search_spaces.loading.scalars import NumberError, resolve_scalar
from search_spaces.terms.problems import Finding, Problem, SpaceErrors, join_path

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_NODES = 20_000
MERGE_KEY = "<<"

# The base loader gives every scalar as text; what a word means is decided in search_spaces.loading.scalars.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# Unquoted, as PyYAML's own and the C parser's nodes say it.
_PLAIN = (None, "")


@dataclass(frozen=True)
class Mark:
    """A place in a text; line and column are counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """The content of one text, the positions of its keys and values, and what was wrong on the level of YAML.

    Attributes:
        source: name of the text, for messages.
        content: plain values.
        key_marks: path -> position of the key.
        value_marks: path -> position of the value.
        problems: found while reading.
        text: as it was written.
    """

    source: str
    content: Mapping[str, Any]
    key_marks: Mapping[str, Mark]
    value_marks: Mapping[str, Mark]
    problems: tuple[Problem, ...]
    text: str = ""

    def locate(self, finding: Finding) -> Problem:
        """The finding at its line, or at the line of the nearest section around it that the text has."""
        path = finding.path
        mark = (self.key_marks if finding.at_key else self.value_marks).get(path)
        while mark is None and path:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
            # A list item has no key; it stands where its value stands.
            mark = self.key_marks.get(path) or (self.value_marks.get(path) if path.endswith("]") else None)
        mark = mark or Mark(1, 1)
        return Problem(
            line=mark.line, column=mark.column, path=finding.path, message=finding.message, source=self.source
        )


def read_document(path: Path) -> Document:
    """Read one file.

    Raises:
        SpaceErrors: if it cannot be read, is too large, is not UTF-8, or is no YAML mapping.
    """
    source = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _fatal(source, f"the file cannot be read ({reason}); name a readable YAML file") from error
    if len(data) > MAX_BYTES:
        raise _fatal(source, f"a search space has at most {MAX_BYTES} bytes, this file has more; shorten it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"the file must be UTF-8, byte 0x{data[error.start]:02x} is not; save it as UTF-8"
        raise _fatal(source, message, Mark(line, column)) from error
    return parse_document(text, source)


def parse_document(text: str, source: str) -> Document:
    """The content of a text that must be a mapping. Raises SpaceErrors as :func:`read_document` does."""
    root = _compose(text, source)
    if root is None:
        raise _fatal(source, "the file is empty; a search space needs at least `study`, `data` and `model`")
    if not isinstance(root, yaml.MappingNode):
        raise _fatal(source, "must be a mapping of `key: value` lines, got a list or a single value", _mark(root))
    reader = _Reader(source)
    content = reader.read(root, "", 0)
    return Document(
        source=source,
        content=content,
        key_marks=reader.key_marks,
        value_marks=reader.value_marks,
        problems=tuple(reader.problems),
        text=text,
    )


def parse_value(text: str, source: str) -> Any:
    """The value of an override (``0.1``, ``[a, b]``). Raises SpaceErrors."""
    root = _compose(text, source)
    if root is None:
        return None
    reader = _Reader(source)
    value = reader.read(root, "", 0)
    if reader.problems:
        raise SpaceErrors(reader.problems)
    return value


def _compose(text: str, source: str) -> yaml.Node | None:
    try:
        _check_events(text, source)
        root: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        reason = " ".join(part for part in (error.context, error.problem) if part)
        raise _fatal(source, f"is not valid YAML: {reason}", place) from error
    except UnicodeEncodeError as error:
        # A command line can carry bytes that are no text; the C parser stumbles over them itself.
        raise _fatal(source, "must be valid Unicode; remove the unusual character") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise _fatal(source, f"is not valid YAML: {reason}; remove the unusual character") from error
    return root


def _check_events(text: str, source: str) -> None:
    """Bound depth and count, and refuse tags, before anything recursive looks at the text."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        mark = _mark(event)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _fatal(source, f"is nested deeper than {MAX_DEPTH} levels; flatten it", mark)
        if count > 2 * MAX_NODES:
            raise _fatal(source, f"has more than {MAX_NODES} values; shorten it", mark)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _fatal(source, f"tags are not allowed, got {tag!r}; write the plain value", mark)


def _fatal(source: str, message: str, mark: Mark | None = None) -> SpaceErrors:
    line, column = (mark.line, mark.column) if mark else (None, None)
    return SpaceErrors([Problem(line=line, column=column, path="", message=message, source=source)])


def _mark(part: yaml.Node | yaml.Event) -> Mark:
    start: Any = part.start_mark
    return Mark(start.line + 1, start.column + 1)


class _Reader:
    """Walks one node tree once; collects values, marks and problems."""

    def __init__(self, source: str) -> None:
        self.key_marks: dict[str, Mark] = {}
        self.value_marks: dict[str, Mark] = {}
        self.problems: list[Problem] = []
        self._source = source
        self._num_nodes = 0

    def read(self, node: yaml.Node, path: str, depth: int) -> Any:
        self._num_nodes += 1
        if depth > MAX_DEPTH or self._num_nodes > MAX_NODES:
            message = f"aliases unfold to more than {MAX_NODES} values or {MAX_DEPTH} levels; write the values out"
            raise _fatal(self._source, message, _mark(node))
        self.value_marks[path] = _mark(node)
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, join_path(path, i), depth + 1) for i, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode):
            raise TypeError(f"PyYAML gave a node of kind {type(node).__name__}")
        if node.style not in _PLAIN:
            return self._checked_text(node, path)
        try:
            value = resolve_scalar(node.value)
        except NumberError as error:
            self._report(node, path, str(error))
            return None
        return self._checked_text(node, path) if isinstance(value, str) else value

    def _read_mapping(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        content: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._report(key_node, path, "a key must be a single word; remove the brackets")
                continue
            key = self._checked_text(key_node, path)
            if key == MERGE_KEY and key_node.style in _PLAIN:
                merged |= self._read_merge(value_node, path, depth)
                continue
            here = join_path(path, key)
            if key in content:
                first = self.key_marks[here]
                message = f"the key stands twice, first in line {first.line}; keep one"
                self._report(key_node, here, message)
                continue
            self.key_marks[here] = _mark(key_node)
            content[key] = self.read(value_node, here, depth + 1)
        return merged | content

    def _read_merge(self, node: yaml.Node, path: str, depth: int) -> dict[str, Any]:
        """``<<: *base``: the pairs of the other mapping(s), earlier ones first in rank as YAML 1.1 says."""
        merged: dict[str, Any] = {}
        for part in _merge_parts(node):
            if not isinstance(part, yaml.MappingNode):
                self._report(part, path, "`<<` takes a mapping; give it one by `*name`")
                continue
            marks, key_marks = dict(self.value_marks), dict(self.key_marks)
            merged = self.read(part, path, depth + 1) | merged
            # What the mapping itself says stands where it says it; only new keys point into the merged part.
            self.value_marks |= marks
            self.key_marks |= key_marks
        return merged

    def _checked_text(self, node: yaml.ScalarNode, path: str) -> str:
        text: str = node.value
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            self._report(node, path, "text must be valid Unicode, a lone surrogate is not; remove it")
            return ""
        return text

    def _report(self, node: yaml.Node, path: str, message: str) -> None:
        mark = _mark(node)
        self.problems.append(
            Problem(line=mark.line, column=mark.column, path=path, message=message, source=self._source)
        )


def _merge_parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    else:
        yield node
