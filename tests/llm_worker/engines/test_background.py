import asyncio
import threading

import pytest

from llm_worker.engines import background
from llm_worker.engines.background import delivered


@pytest.fixture(autouse=True)
def short_looks(monkeypatch):
    monkeypatch.setattr(background, "LOOK_S", 0.02)


def engine_threads():
    return [thread for thread in threading.enumerate() if thread.name == "engine"]


def test_what_is_delivered_comes_in_its_order_and_from_another_thread():
    threads = []

    async def work(deliver, halted):
        threads.append(threading.get_ident())
        for number in range(3):
            await asyncio.sleep(0)
            deliver(number)

    assert list(delivered(work)) == [0, 1, 2]
    assert threads != [threading.get_ident()]
    assert engine_threads() == []


def test_what_was_delivered_before_an_error_is_kept():
    async def work(deliver, halted):
        deliver("kept")
        raise LookupError("gone")

    found = delivered(work)

    assert next(found) == "kept"
    with pytest.raises(LookupError, match="gone"):
        next(found)
    assert engine_threads() == []


def test_a_call_to_stop_halts_the_work_which_ends_by_itself():
    asked = []

    def go_on():
        asked.append(threading.get_ident())
        return len(asked) < 3

    async def work(deliver, halted):
        await halted.wait()
        deliver("what was under way")

    assert list(delivered(work, go_on)) == ["what was under way"]
    # It is not asked again once it has said no.
    assert asked == [threading.get_ident()] * 3


def test_nothing_is_begun_where_nothing_is_wanted():
    async def work(deliver, halted):
        raise AssertionError("begun")

    assert list(delivered(work, lambda: False)) == []


def test_a_caller_that_leaves_cancels_the_work():
    ended = []

    async def work(deliver, halted):
        deliver("first")
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    found = delivered(work)
    next(found)
    found.close()

    assert ended == [True]
    assert engine_threads() == []
