"""This machine: CPUs, GPUs, memory, and how much slower trials run side by side.

Requests that the machine cannot meet are refused before anything starts. Read ``resources.py`` first.
"""
