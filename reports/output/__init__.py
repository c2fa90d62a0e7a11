"""A report in every form: Markdown, one HTML file, CSV, LaTeX, figures as SVG and PNG.

The same report gives the same bytes. Files are written so that a reader never sees half of one. Read ``write.py``
first, then ``forms.py``.
"""
