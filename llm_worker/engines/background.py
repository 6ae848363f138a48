"""Async work in a thread of its own, for a caller that is not async.

The caller's thread is where the database is and where a job may be called off, so it only takes out of a queue what an
event loop in another thread puts in.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple, TypeVar

from llm_worker.engines.base import always

T = TypeVar("T")

LOOK_S = 1.0  # how long a call to stop may go unnoticed


class _End(NamedTuple):
    error: BaseException | None


def delivered(
    work: Callable[[Callable[[T], None], asyncio.Event], Coroutine[Any, Any, None]],
    go_on: Callable[[], bool] = always,
) -> Iterator[T]:
    """Yield what `work(deliver, halted)` delivers, as it comes, and raise at the end what it raises.

    `go_on` is asked in the caller's thread, before anything is begun, about every second and between deliveries; once
    it says no, `halted` is set and `work` is expected to come to its end. Closing the generator cancels `work`.
    """
    if not go_on():
        return
    box: queue.SimpleQueue[T | _End] = queue.SimpleQueue()
    loop = asyncio.new_event_loop()
    halted = asyncio.Event()
    task = loop.create_task(work(box.put, halted))
    thread = threading.Thread(target=_run, args=(loop, task, box), name="engine", daemon=True)
    thread.start()
    wanted = True
    ended = False
    try:
        while not ended:
            try:
                item = box.get(timeout=LOOK_S)
            except queue.Empty:
                item = None
            ended = isinstance(item, _End)
            if wanted and not ended and not go_on():
                wanted = False
                loop.call_soon_threadsafe(halted.set)
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
            elif item is not None:
                yield item
    finally:
        if not ended:
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task, box: queue.SimpleQueue) -> None:
    """Run the task to its end and say so in the box; the caller closes the loop, which it may still speak to."""
    end = _End(None)
    try:
        loop.run_until_complete(task)
    except BaseException as error:  # it is raised where somebody can act on it: in the caller's thread
        end = _End(error)
    try:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        box.put(end)
