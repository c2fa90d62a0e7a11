"""Methods from a user's own file: read, executed as the program that it is, checked, and known to the registry.

A plugin is one Python file that declares :class:`~dmd.declaration.method.Method` values at its top level. It is the
user's own code and runs with all of its rights; nothing here guards against it. Its content travels to every worker,
and the digest of it is part of what decides a result.
"""

from __future__ import annotations

import contextlib
import linecache
import sys
import traceback
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dmd.data.dataset.input_config import InputConfig
from dmd.data.samples.target import SENTIMENT_TARGET
from dmd.declaration.method import Method
from dmd.errors import ConfigurationError, InputError
from dmd.plugins.declaration_problems import find_problems
from dmd.plugins.neighbours import find_neighbours
from dmd.plugins.plugin_file import PluginFile
from dmd.registry import METHODS, use_methods
from dmd.settings import fields_of
from dmd.training.config import TrainingConfig


def load_plugin(plugin: PluginFile) -> tuple[Method, ...]:
    """Execute the plugin and check what it declares.

    Raises:
        ConfigurationError: with a line per problem: it cannot be executed, declares no method, or declares one badly.
    """
    module = types.ModuleType(f"dmd_plugin_{plugin.digest}")
    module.__file__, module.__package__ = plugin.path, ""
    # Dataclasses look their module up by name, and tracebacks its lines.
    sys.modules[module.__name__] = module
    lines = plugin.content.splitlines(keepends=True)
    linecache.cache[plugin.path] = (len(plugin.content), None, lines, plugin.path)
    try:
        # What it prints is no result of a command.
        with contextlib.redirect_stdout(sys.stderr):
            exec(compile(plugin.content, plugin.path, "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:  # it is anybody's program
        del sys.modules[module.__name__]
        raise ConfigurationError(f"plugin {locate(error, plugin.path)}") from error
    found = {id(value): value for value in vars(module).values() if isinstance(value, Method)}
    imported = {id(method) for method in METHODS.values()}
    methods = tuple(method for key, method in found.items() if key not in imported)
    problems = [] if methods else ["declares no method; write `METHOD = Method(...)` at its top level"]
    problems += [problem for method in methods for problem in find_problems(method)]
    problems += find_neighbours(plugin)
    if not problems:
        problems += [problem for method in methods for problem in _find_rule_problems(method, plugin.path)]
    if problems:
        raise ConfigurationError("\n".join(f"plugin {plugin.path}: {problem}" for problem in problems))
    return methods


def _find_rule_problems(method: Method, path: str) -> Iterator[str]:
    """Rules of a declaration that raise, or answer with something else than they should."""
    kinds: Mapping[str, tuple[type, ...]] = {
        "find_conflict": (str, type(None)),
        "inactive": (frozenset,),
        "needs": (frozenset,),
    }
    full = {
        part.name: part.default for kind in (method.settings, InputConfig, TrainingConfig) for part in fields_of(kind)
    }
    full |= method.defaults
    try:
        method.find_target_conflict(SENTIMENT_TARGET)
    except Exception as error:  # it is anybody's program
        yield f"method {method.name!r}: `find_target_conflict` fails: {locate(error, path)}"
    for toggles in ({}, dict.fromkeys(method.component_names, False)):
        for name, expected in kinds.items():
            try:
                answer = getattr(method, name)({**full, **toggles})
            except Exception as error:  # it is anybody's program
                yield f"method {method.name!r}: `{name}` fails: {locate(error, path)}"
                return
            if not isinstance(answer, expected):
                wanted = "a frozenset" if expected == (frozenset,) else "a text or None"
                yield f"method {method.name!r}: `{name}` must answer with {wanted}, got {answer!r}"
                return


def use_plugins(plugins: Sequence[PluginFile]) -> None:
    """From now on the methods of this process are the package's own and those of these plugins, and no other.

    Raises:
        ConfigurationError: with all problems of all files.
    """
    problems: list[str] = []
    found: dict[str, Method] = {}
    origin = dict.fromkeys(METHODS, "the package's own")
    for plugin in plugins:
        try:
            methods = load_plugin(plugin)
        except ConfigurationError as error:
            problems.append(str(error))
            continue
        for method in methods:
            if method.name in origin:
                problems.append(
                    f"plugin {plugin.path}: a method {method.name!r} is {origin[method.name]} already; rename it"
                )
                continue
            origin[method.name] = f"one of {plugin.path}"
            found[method.name] = replace(method, origin=plugin.path, digest=plugin.digest)
    if problems:
        raise ConfigurationError("\n".join(problems))
    use_methods(found)


def locate(error: BaseException, path: str) -> str:
    """One line on an error: the file's line that it came through last, its kind and its text."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == path and frame.lineno is not None]
    line = lines[-1] if lines else None
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno
    place = path if line is None else f"{path}:{line}"
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())[:300]
    remedy = ""
    if isinstance(error, ModuleNotFoundError) or "relative import" in text:
        remedy = "; install it, or write what is needed into the file: a plugin is one file"
    if isinstance(error, SystemExit):
        text = f"ends the program with {error.code!r}"
        remedy = '; put what is a program of its own under `if __name__ == "__main__":`'
    return f"{place}: {type(error).__name__}: {text}{remedy}"


def explain(error: BaseException, path: str) -> InputError:
    """What a plugin's model raised when it was built or run for the first time, as something its author can correct."""
    return ConfigurationError(
        f"plugin {path}: {error}" if isinstance(error, InputError) else f"plugin {locate(error, path)}"
    )
