"""The pictures of evaluation images that eval.py writes, each by a flag of its own.

Their probes are files here with ``why_not(run)``, None where it fits the run, else the reason in
words; and ``save(run, state, workdir, count)``, which returns where it wrote.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

#: Flag -> what it writes, and the probe.
PICTURES = {
    "cam": ("Class activation maps", "class_activation"),
    "draw": ("Pictures with truth and prediction", "drawings"),
}


def pictures_of(run: Any, counts: dict[str, int]) -> dict[str, Callable]:
    """Finds the pictures of a run that are asked for.

    Args:
      run: a :class:`training.run.Run`.
      counts: flag -> number of images; 0 for none.

    Returns:
      What is written -> ``(state, workdir) -> path``.

    Raises:
      ValueError: one does not fit the run; one line that names the flag.
    """
    found: dict[str, Callable] = {}
    for flag, count in counts.items():
        what, name = PICTURES[flag]
        if count:
            probe = import_module(f"probes.{name}")
            if reason := probe.why_not(run):
                raise ValueError(f"--{flag} does not fit this run: {reason}.")
            found[what.lower()] = partial(probe.save, run, count=count)
    return found
