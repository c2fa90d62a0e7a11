"""What can be wrong with a study that its space alone does not show: against its data, its arms and its workers.

Each module finds the problems of one kind as lines for the user; the plan raises all of them at once. Nothing is
started. Read ``modalities.py`` first.
"""
