"""Kinds of sources: a file holds the function of its name, see :mod:`data.prepare`."""
