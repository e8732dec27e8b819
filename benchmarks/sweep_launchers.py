"""How long each launcher of sweep.py takes for the same 8 runs, from an empty compilation cache.

    python benchmarks/sweep_launchers.py [--steps=200]

Two seeds and four keep_probs of configs/digits_few.py, with DropBlock.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 8
GRID = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from configs.digits_few import get_config

def get_hyper(hyper):
    return hyper.product([
        hyper.fixed("config.regularizer.name", "dropblock"),
        hyper.sweep("config.regularizer.keep_prob", [0.6, 0.7, 0.8, 0.9]),
        hyper.sweep("config.seed", [0, 1]),
    ])
"""
LAUNCHERS = {
    "one by one": ("--launcher=local", "--workers=1"),
    "two at a time": ("--launcher=local", "--workers=2"),
    "together": ("--launcher=together", "--workers=1"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    steps = parser.parse_args().steps
    first = None
    for name, flags in LAUNCHERS.items():
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, "grid.py")
            config.write_text(GRID)
            start = time.perf_counter()
            arguments = [f"--config={config}", f"--workdir={folder}/sweep", *flags]
            subprocess.run(
                [sys.executable, str(ROOT / "sweep.py"), f"--config.steps={steps}", *arguments],
                check=True,
                capture_output=True,
                env=os.environ | {"JAX_COMPILATION_CACHE_DIR": f"{folder}/cache"},
            )
            seconds = time.perf_counter() - start
        first = first or seconds
        rate = f"{60 * RUNS / seconds:8.1f} runs/minute"
        print(f"{name:15}{seconds:7.0f} s{rate}{first / seconds:7.2f} x", flush=True)


if __name__ == "__main__":
    main()
