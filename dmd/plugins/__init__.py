"""Methods from a user's own files.

A plugin is one Python file that declares methods as the package's own do. It is executed as the program that it is;
what it declares is checked, line by line, before anything is built. Read ``load.py`` first.
"""
