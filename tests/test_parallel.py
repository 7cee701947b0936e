# SPDX-License-Identifier: Apache-2.0
"""The one executor: processes by default, threads on demand, or whatever the caller has."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from hwflow.parallel import cores, local_pool


def test_processes_of_their_own() -> None:
    with local_pool(workers=1) as pool:
        assert pool.submit(os.getpid).result() != os.getpid()


def test_threads_share_the_process() -> None:
    with local_pool(threads=True) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()
    with pytest.raises(RuntimeError):
        pool.submit(os.getpid)


def test_the_callers_executor_stays_open() -> None:
    with ThreadPoolExecutor(1) as own:
        with local_pool(own) as pool:
            assert pool is own
        assert own.submit(os.getpid).result() == os.getpid()


def test_cores() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)
