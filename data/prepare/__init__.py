"""Preparation of data sets: `python -m data.prepare NAME --from=DIR`.

What comes out is an ordinary TFDS data set of array_record files, written without TensorFlow.

A new kind of source is one file, `sources/NAME.py`, with one function that is called like it:

    def NAME(source: Path, *, FLAG: str, OTHER_FLAG: float = 0.9) -> Contents:

`source` is the folder that `--from` names, each keyword argument a flag of the command line (one
without a default must be given), the first line of the docstring the command's help. The function
looks into the folder, refuses what is wrong with a ValueError or OSError of one line, and returns
which examples there are and how one is read: :class:`data.prepare.contents.Contents`. Reading,
checking, writing, the summary and the picture are the same for all.
"""
