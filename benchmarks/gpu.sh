#!/usr/bin/env bash
# Every measurement of docs/results.md that needs a GPU, shortest first; what it prints is the
# evidence.
#
#     benchmarks/gpu.sh FLAX_EXAMPLE [PYTHON]
#
# FLAX_EXAMPLE: examples/imagenet of github.com/google/flax. Beside requirements.txt it takes
# jax[cuda13], and for timm's and torchvision's rows benchmarks/requirements.txt.
set -u
cd "$(dirname "$0")/.."
flax_example=$1
python=${2:-python}

run() { echo; echo "\$ $*"; "$@" || echo "exit code $?"; }

run "$python" -c 'import jax; print(jax.__version__, jax.devices())'
run "$python" benchmarks/operation.py --dtype=bfloat16 256,14,14,1024 256,28,28,512
run "$python" benchmarks/step.py --batch=256 --dtype=bfloat16 --rounds=20
run "$python" benchmarks/training_speed.py "--flax_example=$flax_example"
run "$python" benchmarks/profile_step.py
run "$python" benchmarks/profile_step.py --variant=baseline
run "$python" benchmarks/sweep_launchers.py
