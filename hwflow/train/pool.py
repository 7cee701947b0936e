# SPDX-License-Identifier: Apache-2.0
"""Many runs, a few at a time, each in a process of its own with its share of the cores."""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Lock

from hwflow.cli.progress import StageProgress
from hwflow.parallel import cores, local_pool
from hwflow.train.runs import Run, Status, status_of

LOOK_EVERY_SECONDS = 5.0
TERM_SECONDS = 10.0


def train_all(runs: Sequence[Run], jobs: int, device: str, progress: StageProgress) -> list[Run]:
    """Train all runs that are not over, `jobs` at a time; returns those that failed, in their order.

    What a run's process says goes to its log. Whatever ends this early, such as Ctrl-C, ends the processes too; what
    they have done stays, and the next call goes on there.
    """
    open_runs = [run for run in runs if status_of(run).kind is not Status.OVER]
    processes = _Processes()
    threads = max(1, cores() // jobs)
    failed: list[Run] = []
    total = sum(run.epochs for run in runs)
    with progress.stage("train") as stage, local_pool(workers=jobs, threads=True) as pool:
        pending: dict[Future[int], Run] = {pool.submit(processes.run, run, device, threads): run for run in open_runs}
        try:
            while pending:
                ended, _ = wait(pending, LOOK_EVERY_SECONDS, FIRST_COMPLETED)
                for future in ended:
                    run = pending.pop(future)
                    if future.result() != 0:
                        failed.append(run)
                        progress.line(f"{run.name}: failed; see {run.log}")
                    else:
                        progress.line(f"{run.name}: {status_of(run).text}")
                epochs = sum(status_of(run).epochs for run in runs)
                stage.tick(epochs, total, f"epochs; {len(runs) - len(pending)} of {len(runs)} runs ended")
        except BaseException:
            processes.stop()
            raise
        stage.note = f"{len(open_runs)} runs, {len(runs) - len(open_runs)} were over"
    return [run for run in open_runs if run in failed]


class _Processes:
    """The processes that run now, so that they can be ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, run: Run, device: str, threads: int) -> int:
        """Train one run to its end; returns the exit code of its process, or that of a stop."""
        run.folder.mkdir(parents=True, exist_ok=True)
        words = [sys.executable, "-m", "hwflow.train", *run.command, "--device", device]
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        with run.log.open("ab") as log:
            with self._lock:
                if self._stopped:
                    return 1
                process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
                self._running.add(process)
            try:
                return process.wait()
            finally:
                with self._lock:
                    self._running.discard(process)

    def stop(self) -> None:
        """End all processes, and let none begin."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(TERM_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
