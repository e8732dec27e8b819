"""How DropBlock is put together for a GPU that is not there: kernels and bytes, no times.

    pip install --no-deps jax-cuda13-plugin jax-cuda13-pjrt
    JAX_PLATFORMS=cpu python benchmarks/gpu_program.py --target=h100_sxm.txtpb [SHAPE ...]

The target is XLA's description of a card: xla/backends/gpu/target_config/specs in its repository. A
shape is batch,height,width,channels, in bfloat16; block 7. "ours, 12 drawn": the masks of twelve
alike sites drawn by one call, as in training. Kernels are counted outside of loops, and for a turn
of a loop, whose every test is a round trip to the host. Passes are the bytes that kernels outside
of loops read and write, by those of reading and writing the map once.
"""

import argparse
import math
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import jax
import jax.numpy as jnp
from jax.experimental import topologies
from jax.sharding import SingleDeviceSharding

from benchmarks.ports import plain, usual_port
from dropblock import draw_mask, dropblock
from training.pods.hlo import array_bytes

BLOCK, SITES = 7, 12
SHAPES = ["256,14,14,1024", "256,7,7,2048"]
INSTRUCTION = re.compile(
    r"\s+(?:ROOT )?%?(\S+) = (\((?:[^()]|\([^()]*\))*\)|\S+) ([a-z-]+)\((.*?)\)"
)
# What is no kernel: names and views of what is there.
FREE = {"parameter", "constant", "bitcast", "tuple", "get-tuple-element", "while", "after-all"}


def drawn_together(key, x, rate, block):
    keys = jax.random.split(key, SITES)
    return jax.vmap(lambda key: draw_mask(key, x.shape, rate, block))(keys)


OPERATIONS = {
    "ours": dropblock,
    f"ours, {SITES} drawn": drawn_together,
    "plain path": plain,
    "usual port": usual_port,
}


def computations(program: str) -> dict[str, list[tuple[str, str, str, str]]]:
    """Name -> its instructions: name, result, what it does, operands. The entry's name is ""."""
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for line in program.splitlines():
        if header := re.match(r"(ENTRY )?%?([^\s(]+) \(.*\{$", line):
            own = found.setdefault("" if header[1] else header[2], [])
        elif instruction := INSTRUCTION.match(line):
            name, result, what, operands = instruction.groups()
            own.append((name, result, what, line if what == "while" else operands))
    return found


def kernels(instructions) -> int:
    return sum(what not in FREE for _, _, what, _ in instructions)


def passed(instructions) -> int:
    """Bytes that the kernels read and write."""
    sizes = {name: array_bytes(result) for name, result, _, _ in instructions}
    total = 0
    for name, _, what, operands in instructions:
        if what not in FREE:
            read = set(re.findall(r"%([\w.-]+)", operands))
            total += sizes[name] + sum(sizes.get(operand, 0) for operand in read)
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", nargs="*", default=SHAPES)
    parser.add_argument("--target", required=True, help="file that describes the card")
    options = parser.parse_args()
    card = topologies.get_topology_desc(
        platform="cuda",
        topology_name="",
        target_config=Path(options.target).read_text(),
        topology="1x1x1",
    )
    here = SingleDeviceSharding(card.devices[0])
    key = jax.eval_shape(lambda: jax.random.key(0))
    print(f"{'':32}{'kernels':>8}{'a turn':>8}{'loops':>7}{'scatters':>10}{'passes':>8}")
    for text in options.shapes:
        shape = tuple(map(int, text.split(",")))
        arguments = [
            jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=here)
            for leaf in (
                key,
                jax.ShapeDtypeStruct(shape, jnp.bfloat16),
                jax.ShapeDtypeStruct((), jnp.float32),
            )
        ]
        for name, operation in OPERATIONS.items():
            program = jax.jit(operation, static_argnums=3).lower(*arguments, BLOCK).compile()
            found = computations(program.as_text())
            loops = [operands for _, _, what, operands in found[""] if what == "while"]
            bodies = [re.search(r"body=%?([^\s,]+)", loop)[1] for loop in loops]
            tests = [re.search(r"condition=%?([^\s,]+)", loop)[1] for loop in loops]
            turn = sum(kernels(found[part]) for part in [*bodies, *tests])
            scatters = program.as_text().count(" scatter(")
            passes = passed(found[""]) / (4 * math.prod(shape))
            print(
                f"{text:16}{name:16}{kernels(found['']):8}{turn:8}{len(loops):7}{scatters:10}"
                f"{passes:8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
