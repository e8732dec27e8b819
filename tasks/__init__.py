"""Tasks: what the trainer has to know of a job, and nothing else. See ``tasks.contract``."""
