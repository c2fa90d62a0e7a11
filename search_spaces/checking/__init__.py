"""What a search space must satisfy beyond the types of its values.

Unknown names, settings of methods, searched parameters, arms, contrasts and budgets that contradict each other; every
message says where, which rule and what to do. Read ``validate.py`` first, then ``check_space.py``.
"""
