"""The tables and figures that ``python -m analysis`` makes, each one file that is found by name.

``NAME.py`` has one function of that name. It is given folders with runs, writes its files into the
first of them, and returns what is to be printed.
"""
