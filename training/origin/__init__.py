"""The network that a run starts from (``config.init_from``): that of another run, or of a file."""

from training.origin.origin import Origin, open_network

__all__ = ["Origin", "open_network"]
