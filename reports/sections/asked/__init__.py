"""What the study asked, in the first paragraph of the report.

Made from the plan alone: nothing here knows an outcome. Read ``text.py``.
"""
