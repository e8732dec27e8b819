"""Optimizers of our own, beside those of optax: a file here with a function of the same name.

It is called as ``name(learning_rate, **fields)`` with a schedule, and returns an
``optax.GradientTransformation``. Its other keyword arguments are fields of ``config.optimizer``.
"""
