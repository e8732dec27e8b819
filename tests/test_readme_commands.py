"""The README's way from a folder of pictures to an exported network, run as written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jax import export
from PIL import Image
from sklearn.datasets import load_digits

from tests import tiny

SECTION = (tiny.ROOT / "README.md").read_text().split("### Your own images\n")[1].split("\n#")[0]
COMMANDS = re.findall(r"^    (python .*)$", SECTION, re.MULTILINE)
#: Appended to the commands of train.py, which train for minutes: the last of a flag counts.
SMALL = (
    "--config.steps=2 --config.model.depth=10 --config.model.width=4 --config.data.image_size=16"
)


@pytest.fixture
def project(tmp_path):
    """The project, in a folder where what is written stays, with pictures of two digits."""
    for path in tiny.ROOT.iterdir():
        if not path.name.startswith((".", "runs")):
            (tmp_path / path.name).symlink_to(path)
    digits = load_digits()
    for number, (pixels, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        if digit in (3, 8) and number < 600:
            folder = f"pictures/{digit}" if number < 550 else "new_pictures"
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            image = Image.fromarray((pixels * 255 / 16).astype(np.uint8))
            image.save(tmp_path / folder / f"{number}.png")
    return tmp_path


def run(command: str, project: Path) -> str:
    python = Path(sys.executable).parent
    done = subprocess.run(
        command + f" {SMALL}" * command.startswith("python train.py"),
        shell=True, cwd=project, capture_output=True, text=True, timeout=tiny.PATIENCE,
        env=os.environ | tiny.on_devices(1) | {
            "PATH": f"{python}{os.pathsep}{os.environ['PATH']}",
            "TFDS_DATA_DIR": str(project / "sets"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_from_a_folder_to_an_export(project):
    prepare, look, train, predict, write = COMMANDS
    assert "2: 3, 8" in run(prepare, project)
    assert "pictures, 2 classes" in run(look, project)
    assert not (project / "runs").exists()
    run(train, project)
    lines = [json.loads(line) for line in run(predict, project).splitlines()]
    assert [line["file"] for line in lines] == [
        f"new_pictures/{name}" for name in sorted(os.listdir(project / "new_pictures"))
    ]
    assert all({one["name"] for one in line["classes"]} == {"3", "8"} for line in lines)
    about = json.loads(run(write, project))
    assert about["class_names"] == ["3", "8"]
    exported = export.deserialize(bytearray((project / about["export"]).read_bytes()))
    logits = exported.call(np.zeros((5, 16, 16, 3), np.uint8))["logits"]
    assert logits.shape == (5, 2) and np.isfinite(logits).all()
