# SPDX-License-Identifier: Apache-2.0
"""One executor for all work that splits: nodes to synthesise, runs of a sweep, seeds of a fuzzer.

Callers take a `concurrent.futures.Executor` and only submit module-level functions with plain arguments, so that a pool
on other machines can take the place of the local one without a change to them.
"""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager


def cores() -> int:
    """How many processes may run at once: the cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def local_pool(
    executor: Executor | None = None, *, workers: int | None = None, threads: bool = False
) -> Iterator[Executor]:
    """`executor` itself where there is one (it stays open), else a pool of local processes, closed at the end.

    Processes are spawned, never forked: a fork would take over the locks of threads (torch, OpenMP) it does not have.
    With `threads` the pool is one of threads, which start at once: for work that waits for processes of its own.
    """
    if executor is not None:
        yield executor
        return
    if threads:
        with ThreadPoolExecutor(max_workers=workers or cores()) as pool:
            yield pool
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers or cores(), mp_context=context) as processes:
        yield processes
