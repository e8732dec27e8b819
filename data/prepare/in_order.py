"""A function called by many threads, its results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def in_order(
    function: Callable[..., T], calls: Iterable[tuple[Any, ...]]
) -> Generator[T, None, None]:
    """Yields ``function(*call)`` of each call, in their order, with a few of them under way.

    ``Executor.map`` makes all calls at once, whose results would have to be kept in memory.
    Closed early, it waits for the calls under way and makes no more.

    Raises:
      Exception: what a call raises, in its place.
    """
    threads = os.cpu_count() or 1
    under_way: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for call in calls:
                under_way.append(pool.submit(function, *call))
                if len(under_way) > 4 * threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
