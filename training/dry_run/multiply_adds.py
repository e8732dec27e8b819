"""The multiply-adds of a program, counted before it is compiled."""

import math
from typing import Any

import jax.extend.core


def multiply_adds(program: jax.extend.core.Jaxpr) -> int:
    """Counts those of convolutions and matrix products, by their definition; padding counts too.

    Args:
      program: as :func:`jax.make_jaxpr` gives it. The body of a ``scan`` counts once a turn, that
        of a ``while`` once.
    """
    total = 0
    for equation in program.eqns:
        inputs: list[Any] = [one.aval for one in equation.invars]
        outputs: list[Any] = [one.aval for one in equation.outvars]
        turns = 1
        if equation.primitive.name == "conv_general_dilated":
            kernel = inputs[1].shape
            layout = equation.params["dimension_numbers"].rhs_spec  # (out, in, *spatial)
            total += math.prod(outputs[0].shape) * math.prod(kernel) // kernel[layout[0]]
        elif equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            depth = math.prod(inputs[0].shape[axis] for axis in contracted)
            total += math.prod(outputs[0].shape) * depth
        elif equation.primitive.name == "scan":
            turns = equation.params["length"]
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            total += turns * multiply_adds(inner)
    return total
