"""The names of the files and folders in a run's folder, and of a sweep's own."""

#: What the run was asked to do, and each of its starts: see :class:`runfiles.RunRecord`.
CONFIG = "config.json"
#: One JSON object a line: ``step``, ``train/...`` and ``eval/...``.
METRICS = "metrics.jsonl"
#: The same values for TensorBoard (a folder).
TENSORBOARD = "tensorboard"
#: One folder a step.
CHECKPOINTS = "checkpoints"
#: Checkpoints whose files are not as they were written (a folder).
DAMAGED = "damaged"
#: Pictures (a folder).
FIGURES = "figures"
#: Among them, one for each evaluation image that was asked for (a folder).
PREDICTIONS = "predictions"
#: Held by the process that runs there.
LOCK = "lock"
#: Why a sweep's run failed, in one line.
FAILED = "failed"
#: What a sweep's run printed.
TRAIN_LOG = "train.log"

#: An image and its feature maps before and after dropping.
FEATURE_MAPS = "feature_maps.npz"
#: Images and the class activation maps of them.
CLASS_ACTIVATION = "class_activation.npz"
#: What eval.py measured, one JSON object a line: ``step``, ``changes`` (fields of the config) and
#: ``eval/...``.
EVALUATIONS = "evaluations.jsonl"
#: Evaluations with DropBlock applied at inference, one JSON object a line.
INFERENCE = "inference.jsonl"

#: In a sweep's folder: one row a run.
SWEEP_TABLE = "sweep.csv"
