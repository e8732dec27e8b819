"""Run folders as analysis reads them, without training."""

import json

from tests import tiny


def write_run(folder, accuracies, **changes):
    """A run with an evaluation a step."""
    folder.mkdir(parents=True)
    config = tiny.config("baseline", **changes)
    (folder / "config.json").write_text(json.dumps({"config": json.loads(config.to_json())}))
    lines = [
        {"step": step, "eval/accuracy": accuracy, "eval/top5_accuracy": 0.9}
        for step, accuracy in enumerate(accuracies, start=1)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
