"""Text forms: Markdown and LaTeX tables, CSV tables, numbers rounded to their uncertainty, lists of names.

Knows how things are written, not what they mean. Read ``markdown_table.py`` first, then ``rounding.py``.
"""
