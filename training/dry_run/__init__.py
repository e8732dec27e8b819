"""What a run would be, before it is one: ``train.py --dry_run``. Nothing is written or compiled."""

from training.dry_run.report import dry_run

__all__ = ["dry_run"]
