"""The sections of a report, each a folder with its values, its text, its CSV and its figures.

Sections on the left of this list may use those on the right: warnings, tuning, power, ablation, attribution, run_log,
model_inside, hyperparameters, pareto, seed_race, paper_tables. To see how a section is made, read
``pareto/values.py`` first, then ``pareto/text.py``.
"""
