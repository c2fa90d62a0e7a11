"""What runs under the Python that has MMSA, and imports nothing else of this repository.

It reads requests from its standard input and answers each with a line of JSON (``__main__.py``). No line of MMSA is
copied or changed; ``shims.py`` lists what it takes to run it.
"""
