"""Pictures of the first evaluation images, with the truth and what the network says."""

import io
from pathlib import Path

import jax

from probes.examples import first_examples
from runfiles import FIGURES, PREDICTIONS, replace
from tasks import Predicts
from training.devices import processes
from training.run import Run
from training.state import TrainState, to_host
from training.step import make_predict_step
from training.workdir import show_images


def why_not(run: Run) -> str | None:
    """Tells why a run has no such pictures; None if it has them."""
    return None if isinstance(run.task, Predicts) else "its task draws nothing"


def save(run: Run, state: TrainState, workdir: Path, count: int) -> Path:
    """Writes ``figures/predictions/00000.png`` and so on; returns the folder.

    One picture for each of the first ``count`` evaluation images that decode, in TensorBoard too.
    Of several processes, process 0 writes.
    """
    task, folder, local = run.task, workdir / FIGURES / PREDICTIONS, to_host(state)
    assert isinstance(task, Predicts)
    if not processes.is_first():
        return folder

    predict = jax.jit(make_predict_step(task, run.graphdef))
    files: list[Path] = []
    for batch, rows in first_examples(run.task, count):
        predictions = jax.device_get(predict(local, batch))
        for row in rows:
            example, own = (
                {name: array[row] for name, array in arrays.items()}
                for arrays in (batch, predictions)
            )
            file = io.BytesIO()
            task.draw(example, own).save(file, "PNG")
            files.append(folder / f"{len(files):05}.png")
            replace(files[-1], file.getvalue())
    show_images(workdir, int(local.step), PREDICTIONS, files)
    return folder
