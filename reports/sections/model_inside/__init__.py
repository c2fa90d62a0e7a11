"""What the models learned: edges of the distillation graphs, feature maps, learning curves.

Every picture of features comes with the score of a linear probe. Computed from the details of confirm trials. Read
``edges.py`` first, then ``feature_maps.py``.
"""
