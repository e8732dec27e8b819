"""A run's two programs, compiled before its first step, so that mistakes show at once."""

import dataclasses
import time
from collections.abc import Callable

import jax

from training.protocols import Run
from training.step import EvalStep, TrainStep

CACHE_HIT = "/jax/compilation_cache/cache_hits"


@dataclasses.dataclass(frozen=True)
class CompiledSteps:
    """The steps of a :class:`training.protocols.Run`, compiled."""

    train: TrainStep
    evaluate: EvalStep


def compile_steps(run: Run, say: Callable[[str], None]) -> CompiledSteps:
    """Compiles a run's steps, or takes them from the cache, and says how long it took."""
    say("compiling ...")
    hits = 0

    def count(event: str, **_: object) -> None:
        nonlocal hits
        hits += event == CACHE_HIT

    jax.monitoring.register_event_listener(count)
    start = time.perf_counter()
    try:
        state = run.abstract_state()
        train = run.train_step.lower(state, run.abstract_batch(train=True), run.values).compile()
        evaluate = run.eval_step.lower(state, run.abstract_batch(train=False)).compile()
    finally:
        jax.monitoring.unregister_event_listener(count)
    seconds = time.perf_counter() - start
    say(f"compiled in {seconds:.1f} s ({hits} of 2 programs were in the compilation cache)")
    return CompiledSteps(train, evaluate)
