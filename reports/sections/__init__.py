"""The sections of a report, each a folder with its values, its text, its CSV and its figures behind one ``Section``.

Sections on the left of this list may use those on the right: left_out, asked, warnings, tuning, power, main_table,
ablation, attribution, run_log, model_inside, hyperparameters, missing, pareto, seed_race, paper_tables. Read
``section.py`` first, then ``pareto/section.py`` as an example; a section joins the report by one line in
:mod:`reports.analysis`.
"""
