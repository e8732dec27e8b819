"""The order of training examples: a new permutation each epoch, found without those before it."""

import functools

import numpy as np


class Shuffled:
    """An endless stream of the indices below `length`, each once an epoch.

    A function of the seed and the position alone. (Grain has an index shuffle without memory, but
    it takes the longer the smaller the set is: 170 microseconds an index of 100.)

    Args:
      length: of the data set; its permutation is kept in memory, 8 bytes an example.
      seed: 0 or more.
    """

    def __init__(self, length: int, seed: int):
        self._length, self._seed = length, seed
        # A batch may span two epochs, and threads are some batches apart.
        self._permutation = functools.lru_cache(maxsize=4)(self._permute)

    def __call__(self, positions: np.ndarray) -> np.ndarray:
        """The indices at some positions, int64, of the same shape."""
        epochs, places = np.divmod(positions, self._length)
        indices = np.empty_like(positions)
        for epoch in np.unique(epochs).tolist():
            here = epochs == epoch
            indices[here] = self._permutation(epoch)[places[here]]
        return indices

    def _permute(self, epoch: int) -> np.ndarray:
        # The third number keeps it apart from the generators of (seed, position).
        return np.random.default_rng((self._seed, epoch, 1)).permutation(self._length)
