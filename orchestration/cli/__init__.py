"""The commands ``dmd-search``, ``dmd-report``, ``dmd-data`` and ``dmd-predict``.

Console scripts listen to signals before they import anything heavy. Bad input is one clear line and exit code 2. Read
``search.py`` first.
"""
