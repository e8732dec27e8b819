"""Metrics as exact (sum, count) pairs, to be added up over batches and divided at the end."""
