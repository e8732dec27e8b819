"""Files as PyTorch and safetensors write them, by hand; and torchvision's ResNet, plainly.

Written from torchvision's models/resnet.py (version 0.28) and from what its files hold; compared by
hand with torchvision and timm themselves.
"""

import json
import struct
import zipfile

import jax
import jax.numpy as jnp
import numpy as np

BLOCKS = {
    10: (1, 1, 1, 1),
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
}


def weights(depth, width, classes, *, stem=7, channels=3):
    """Name -> array, as ``state_dict()`` of torchvision's ResNet, with random numbers."""
    rng = np.random.default_rng(depth)
    arrays = {}

    def conv(name, outputs, inputs, kernel):
        scale = np.sqrt(2 / (inputs * kernel**2))
        arrays[f"{name}.weight"] = scale * rng.normal(size=(outputs, inputs, kernel, kernel))

    def norm(name, features):
        arrays[f"{name}.weight"] = rng.uniform(0.3, 0.7, features)
        arrays[f"{name}.bias"] = rng.normal(0, 0.1, features)
        arrays[f"{name}.running_mean"] = rng.normal(0, 0.1, features)
        arrays[f"{name}.running_var"] = rng.uniform(0.5, 2, features)
        arrays[f"{name}.num_batches_tracked"] = np.array(7)

    conv("conv1", width, channels, stem)
    norm("bn1", width)
    inputs = width
    for layer, blocks in enumerate(BLOCKS[depth], start=1):
        inner = width * 2 ** (layer - 1)
        outputs = 4 * inner if depth >= 50 else inner
        for block in range(blocks):
            name = f"layer{layer}.{block}"
            if depth >= 50:
                convs = [(inner, inputs, 1), (inner, inner, 3), (outputs, inner, 1)]
            else:
                convs = [(inner, inputs, 3), (outputs, inner, 3)]
            for number, sizes in enumerate(convs, start=1):
                conv(f"{name}.conv{number}", *sizes)
                norm(f"{name}.bn{number}", sizes[0])
            if block == 0 and (layer > 1 or inputs != outputs):
                conv(f"{name}.downsample.0", outputs, inputs, 1)
                norm(f"{name}.downsample.1", outputs)
            inputs = outputs
    arrays["fc.weight"] = rng.normal(0, 1 / np.sqrt(inputs), (classes, inputs))
    arrays["fc.bias"] = rng.normal(size=classes)
    return {
        name: array.astype(np.int64 if name.endswith("tracked") else np.float32)
        for name, array in arrays.items()
    }


def logits(arrays, depth, x):
    """torchvision's ``forward`` in ``eval()``; ``x``: (batch, channels, height, width)."""

    def conv(name, x, stride=1, padding=0):
        return jax.lax.conv_general_dilated(
            *(x, arrays[f"{name}.weight"]),
            window_strides=(stride, stride),
            padding=[(padding, padding)] * 2,
            dimension_numbers=("NCHW", "OIHW", "NCHW"),
        )

    def norm(name, x):
        scale, bias, mean, var = (
            arrays[f"{name}.{part}"][None, :, None, None]
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / jnp.sqrt(var + 1e-5) * scale + bias

    def basic(name, x, stride):
        y = jax.nn.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", x, stride, 1)))
        return norm(f"{name}.bn2", conv(f"{name}.conv2", y, 1, 1))

    def bottleneck(name, x, stride):
        y = jax.nn.relu(norm(f"{name}.bn1", conv(f"{name}.conv1", x)))
        y = jax.nn.relu(norm(f"{name}.bn2", conv(f"{name}.conv2", y, stride, 1)))
        return norm(f"{name}.bn3", conv(f"{name}.conv3", y))

    x = jax.nn.relu(norm("bn1", conv("conv1", x, 2, 3)))
    x = jax.lax.reduce_window(
        *(x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2)),
        padding=[(0, 0), (0, 0), (1, 1), (1, 1)],
    )
    for layer, blocks in enumerate(BLOCKS[depth], start=1):
        for block in range(blocks):
            name, stride = f"layer{layer}.{block}", 2 if layer > 1 and block == 0 else 1
            y = (bottleneck if depth >= 50 else basic)(name, x, stride)
            if f"{name}.downsample.0.weight" in arrays:
                x = norm(f"{name}.downsample.1", conv(f"{name}.downsample.0", x, stride))
            x = jax.nn.relu(x + y)
    return x.mean((2, 3)) @ arrays["fc.weight"].T + arrays["fc.bias"][None]


def write_safetensors(path, arrays):
    names = {"<f4": "F32", "<i8": "I64"}
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        kind = names[array.dtype.str]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    content = b"".join(array.tobytes() for array in arrays.values())
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


def write_pth(path, arrays, program=None):
    """As ``torch.save(state_dict)``; ``program``: another pickle in the place of the arrays'."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program or pickled(arrays))
        archive.writestr("archive/byteorder", "little")
        for key, array in enumerate(arrays.values()):
            archive.writestr(f"archive/data/{key}", array.tobytes())
    return path


def pickled(arrays):
    """The pickle of a ``state_dict``, step by step as torch.save writes it."""
    ordered_dict = b"ccollections\nOrderedDict\n)R"
    steps = [b"\x80\x02", ordered_dict, b"q\x00("]
    for key, (name, array) in enumerate(arrays.items()):
        storage = {"f": b"ctorch\nFloatStorage\n", "i": b"ctorch\nLongStorage\n"}[array.dtype.kind]
        strides = [stride // array.itemsize for stride in array.strides]
        steps += [
            *(text(name), b"ctorch._utils\n_rebuild_tensor_v2\n(("),
            *(text("storage"), storage, text(str(key)), text("cpu"), number(array.size), b"tQ"),
            *(number(0), ints(array.shape), ints(strides), b"\x89", ordered_dict, b"tR"),
        ]
    metadata = b"}" + text("_metadata") + ordered_dict + b"sb"
    return b"".join([*steps, b"u", metadata, b"."])


def text(value):
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value):
    return b"J" + struct.pack("<i", value)


def ints(values):
    return b"(" + b"".join(map(number, values)) + b"t"
