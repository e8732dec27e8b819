"""Runs a network that predict.py exported: python run_export.py FILE IMAGE ..."""

import sys
from pathlib import Path

import numpy as np
from jax import export
from PIL import Image

network = export.deserialize(bytearray(Path(sys.argv[1]).read_bytes()))
_, height, width, channels = network.in_avals[0].shape
images = [Image.open(name).convert("RGB" if channels == 3 else "L") for name in sys.argv[2:]]
pixels = np.stack([np.asarray(image.resize((width, height))) for image in images])
for name, values in network.call(pixels.reshape(-1, height, width, channels)).items():
    print(name, np.asarray(values).tolist())
