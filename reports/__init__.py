"""What was found: records in, tables, statistics and reports out.

Imports only numpy, scipy, matplotlib, jinja2, markdown-it, pandas, pyyaml and the standard library; knows no model, no
search space and no scheduler.
"""
