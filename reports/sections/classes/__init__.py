"""What is told apart and what is confused: the confusion of every arm, and scores class by class, question by question.

Read ``confusion.py`` first, then ``text.py``.
"""
