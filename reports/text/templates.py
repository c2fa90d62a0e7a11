"""The templates of a report: one environment for Markdown and for the HTML page."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@cache
def template_environment(autoescape: bool) -> Environment:
    """Finds templates by their path below ``reports/``. autoescape: True for HTML; Markdown escapes its own cells."""
    return Environment(
        loader=PackageLoader("reports", ""),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render_markdown_template(path: str, **values: object) -> str:
    """A Markdown template with its values filled in, without empty lines at its ends."""
    return template_environment(autoescape=False).get_template(path).render(**values).strip("\n")
