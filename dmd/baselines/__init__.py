"""The methods that the tables compare DMD with, one file each, through the same declaration as anybody's own model.

Each file has the settings, the module and the :class:`~dmd.declaration.method.Method`; blocks that several share lie in
``dmd/layers``. None of them copies code: each says in its docstring which paper it follows, and what is reconstructed.
Read ``lf_lstm.py`` first.
"""
