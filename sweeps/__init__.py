"""Sweeps: a config's grid of runs, planned, launched anywhere, and gathered in one table."""
