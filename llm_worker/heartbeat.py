"""Which workers are alive: each writes a key with a short life into the broker, for its queue."""

import logging
import threading

import redis
from django.conf import settings
from django.db import close_old_connections

log = logging.getLogger(__name__)

BEAT_S = 5
ALIVE_S = 20
_ended = threading.Event()


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)


def workers_alive(queue: str) -> int:
    """How many workers serve `queue`. A killed one is counted for up to ALIVE_S seconds more."""
    with _client() as client:
        return sum(1 for _ in client.scan_iter(match=f"assay:worker:{queue}:*"))


def start_beating(queues: list[str], name: str) -> None:
    """Say that this worker lives, and sweep, in a thread that ends with the process."""
    _ended.clear()
    threading.Thread(target=_beat, args=(queues, name), daemon=True, name="heartbeat").start()


def stop_beating(queues: list[str], name: str) -> None:
    _ended.set()
    with _client() as client:
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
