"""Pickles that list utterances one by one instead of holding arrays of them: MISA's and MAG-BERT's tuples, dialogues.

Each reader turns the content of a pickle into split -> key -> array and says what it left out; checking the arrays is
the work of :mod:`dmd.data.formats`. Read ``listed.py`` first.
"""
