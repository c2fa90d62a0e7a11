"""What a study leaves for use: its chosen configurations, and predictions of its models on new data.

Read ``chosen.py`` first.
"""
