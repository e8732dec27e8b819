"""A Slurm of one node: python tests/slurm/cluster.py, as root.

Prints the path of its slurm.conf once jobs can run. Its files are in a temporary folder and its
ports on loopback. Folder, daemons and jobs end when its standard input does, so also when whoever
started it was killed.
"""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONF = """\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
# JAX takes its port from the job's number: one chosen by chance keeps clusters apart.
FirstJobId={first_job}
# No control groups: containers have none to give.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Jobs start at once and side by side, on however few cores there really are.
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs=8
PartitionName=tests Nodes=localhost Default=YES MaxTime=INFINITE State=UP
JobRequeue=1
# From SIGTERM to SIGKILL; Slurm's own default is 30.
KillWait=20
ReturnToService=2
"""
#: Each with the command that has something to say once it is ready.
DAEMONS = {
    # --force: the folder is root's alone, which munged takes for a mistake.
    "munged --foreground --force --key-file={0}/munge.key --socket={0}/munge.socket"
    " --pid-file={0}/munged.pid --seed-file={0}/munge.seed": "munge -n --socket={0}/munge.socket",
    "slurmctld -D -c": "scontrol ping",
    "slurmd -D": "sinfo --noheader --states=idle",
}
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    # Daemons and jobs leave their parents; as a reaper this process becomes the new one.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="slurm-tests-") as folder:
        try:
            print(start(Path(folder)), flush=True)
            sys.stdin.read()
        finally:
            kill_all()


def start(folder: Path) -> Path:
    """Starts the daemons and waits until the node takes jobs; returns slurm.conf."""
    conf = folder / "slurm.conf"
    first_job = random.randrange(1, 60_000)
    conf.write_text(CONF.format(folder=folder, ports=free_ports(2), first_job=first_job))
    key = folder / "munge.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(128))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    os.environ["SLURM_CONF"] = str(conf)
    for command, ready in DAEMONS.items():
        start_daemon(command.format(folder).split(), ready.format(folder).split(), folder)
    return conf


def start_daemon(command: list[str], ready: list[str], folder: Path) -> None:
    log = folder / f"{command[0]}.log"
    with log.open("w") as out:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    deadline = time.monotonic() + 120
    while not answers(ready):
        if daemon.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{command[0]} did not start:\n{log.read_text()}")
        time.sleep(0.05)


def answers(command: list[str]) -> bool:
    result = subprocess.run(command, capture_output=True, timeout=60)
    return result.returncode == 0 and bool(result.stdout)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def kill_all() -> None:
    """Kills every process below this one: what a killed one leaves behind comes up here."""
    while children := Path("/proc/thread-self/children").read_text().split():
        for child in map(int, children):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main()
