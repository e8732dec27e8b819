"""The trainer: one loop for all tasks, which it knows by ``tasks.contract`` alone."""
