"""The multiply-adds of a program, counted before it is compiled."""

import math

import jax.extend.core


def multiply_adds(program: jax.extend.core.Jaxpr) -> int:
    """Counts those of convolutions and matrix products, by their definition; padding counts too.

    Args:
      program: as :func:`jax.make_jaxpr` gives it. The body of a ``scan`` counts once a turn, that
        of a ``while`` once.
    """
    total = 0
    for equation in program.eqns:
        out = equation.outvars[0].aval if equation.outvars else None
        turns = 1
        if equation.primitive.name == "conv_general_dilated":
            kernel = equation.invars[1].aval.shape
            layout = equation.params["dimension_numbers"].rhs_spec  # (out, in, *spatial)
            total += math.prod(out.shape) * math.prod(kernel) // kernel[layout[0]]
        elif equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            depth = math.prod(equation.invars[0].aval.shape[axis] for axis in contracted)
            total += math.prod(out.shape) * depth
        elif equation.primitive.name == "scan":
            turns = equation.params["length"]
        for inner in jax.extend.core.jaxprs_in_params(equation.params):
            total += turns * multiply_adds(inner)
    return total
