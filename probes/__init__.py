"""Looks into trained networks: feature maps, class activation maps, DropBlock at inference.

Each probe is a file with ``why_not(run)``: None where it fits the run, else the reason in words.
"""
