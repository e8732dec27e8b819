"""Data sets that are written on first use: a file holds the TFDS builder class of its name."""
