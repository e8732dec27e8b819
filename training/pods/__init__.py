"""What a training step needs on TPUs that are not there: ``train.py --compile_for=v5e:16x16``."""

from training.pods.report import compile_for

__all__ = ["compile_for"]
