"""What every console script has in common: ``-h``, help without types of flags, and one line for a usage error.

``dmd-search``, ``dmd-report``, ``dmd-data`` and ``dmd-predict`` are made by :func:`make_app` and add their commands
with ``cls=ProductCommand``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from orchestration.cli.exit_codes import print_error

HELP_NAMES = ["-h", "--help"]


def make_app(**settings: Any) -> typer.Typer:
    """An application in the style of this product. settings: as ``typer.Typer`` takes them."""
    style: dict[str, Any] = {"cls": ProductGroup, "context_settings": {"help_option_names": HELP_NAMES}}
    return typer.Typer(pretty_exceptions_enable=False, **{**style, **settings})


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        print(f"dmd-search {version('dmd-search')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit.")
]
"""The option that every program has."""


class ProductCommand(TyperCommand):
    """A command whose help shows no type beside a flag, and whose usage errors are one line."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types_of_flags(super().get_params(ctx))

    def main(self, *arguments: Any, standalone_mode: bool = True, **settings: Any) -> Any:
        return _run(super().main, arguments, standalone_mode, settings)


class ProductGroup(TyperGroup):
    """The same for a command with commands below it."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types_of_flags(super().get_params(ctx))

    def main(self, *arguments: Any, standalone_mode: bool = True, **settings: Any) -> Any:
        return _run(super().main, arguments, standalone_mode, settings)


def _without_types_of_flags(parameters: Sequence[Any]) -> list[Any]:
    """The options ``--help`` and ``--install-completion`` are made by Typer, so what shows them is changed."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return list(parameters)


def _run(run: Any, arguments: Sequence[Any], is_program: bool, settings: dict[str, Any]) -> Any:
    """``main`` of a command; as a program it ends the process, with one line for what Typer refuses."""
    if not is_program:
        return run(*arguments, standalone_mode=False, **settings)
    try:
        code = run(*arguments, standalone_mode=False, **settings)
    except typer.TyperException as error:
        _refuse(error)
    sys.exit(code if isinstance(code, int) else 0)


def _refuse(error: typer.TyperException) -> NoReturn:
    context = getattr(error, "ctx", None)
    told = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
    if not told:  # Instead of a message, the help has been printed.
        sys.exit(error.exit_code)
    where = "" if context is None else f"{' See' if told.endswith('?') else '; see'} {context.command_path} -h"
    print_error(f"{told[:1].lower()}{told[1:]}{where}")
    sys.exit(error.exit_code)
