"""What the broker knows of the workers: which are alive, and how much waits for them.

Each worker writes a key with a short life, for its queue.
"""

import logging
import threading
from contextlib import suppress

import redis
from django.conf import settings
from django.db import close_old_connections

from assessment.domain.errors import DomainError

log = logging.getLogger(__name__)

BEAT_S = 5
ALIVE_S = 20
_ended = threading.Event()
_thread: threading.Thread | None = None


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)


def workers_alive(queue: str) -> int:
    """How many workers serve `queue`. A killed one is counted for up to ALIVE_S seconds more.

    Raises DomainError where the broker cannot be reached.
    """
    try:
        with _client() as client:
            return sum(1 for _ in client.scan_iter(match=f"assay:worker:{queue}:*"))
    except redis.RedisError as error:
        raise DomainError(f"The broker, which carries work to the workers, cannot be reached: {error}") from error


def messages_waiting(queue: str) -> int:
    """How many tasks no worker has taken yet. (Celery keeps a queue as a Redis list of its name.)"""
    with _client() as client:
        return client.llen(queue)


def start_beating(queues: list[str], name: str) -> None:
    """Say that this worker lives, and sweep, in a thread that ends with the process."""
    global _thread
    _ended.clear()
    _thread = threading.Thread(target=_beat, args=(queues, name), daemon=True, name="heartbeat")
    _thread.start()


def stop_beating(queues: list[str], name: str) -> None:
    """Say that this worker has ended, so that nobody counts on it."""
    _ended.set()
    if _thread is not None:
        _thread.join(timeout=BEAT_S)  # a beat under way would write the key again
    with suppress(redis.RedisError), _client() as client:
        client.delete(*(f"assay:worker:{queue}:{name}" for queue in queues))


def _beat(queues: list[str], name: str) -> None:
    from llm_worker.services.sweeping import sweep

    while True:
        try:
            with _client() as client:
                for queue in queues:
                    client.set(f"assay:worker:{queue}:{name}", 1, ex=ALIVE_S)
            close_old_connections()
            sweep()
        except Exception as error:
            # The broker or the database may be restarting; the next beat tries again.
            log.warning("heartbeat: %s", error)
        if _ended.wait(BEAT_S):
            return
