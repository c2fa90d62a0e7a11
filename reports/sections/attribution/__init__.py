"""What each component is worth, from a factorial of arms.

Main effects, interactions and Shapley values as weighted sums of arm means; unadjusted intervals, no p-values. Read
``values.py`` first.
"""
