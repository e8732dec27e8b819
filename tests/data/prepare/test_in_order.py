"""A function called by many threads."""

import os
import threading
import time

import pytest

from data.prepare.in_order import in_order


def test_results_are_in_order_and_few_calls_are_ahead():
    started = []

    def call(number):
        started.append(number)
        time.sleep(0.001 * (number % 3))
        return number

    for taken, number in enumerate(in_order(call, ((n,) for n in range(500)))):
        assert number == taken
        assert len(started) <= taken + 6 * os.cpu_count()
    assert sorted(started) == list(range(500))


def test_more_than_one_call_is_under_way(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    both = threading.Barrier(2, timeout=60)
    assert list(in_order(lambda _: both.wait() >= 0, ((n,) for n in range(4)))) == [True] * 4


def test_what_is_raised_comes_in_its_place_and_no_call_follows():
    started = []

    def call(number):
        started.append(number)
        return 1 // (3 - number)

    results = in_order(call, ((n,) for n in range(10_000)))
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    seen = len(started)
    assert seen <= 4 + 6 * os.cpu_count()
    time.sleep(0.05)
    assert len(started) == seen
