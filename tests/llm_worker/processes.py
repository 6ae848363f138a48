"""Real commands as processes on the tests' own database and broker."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90


def environment(**more: str) -> dict[str, str]:
    """For a process that works on this test's database, with leases so short that a test need not wait long."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return {**os.environ, "DATABASE_URL": address, "LEASE_SECONDS": "3", "ASSAY_NO_BOOTSTRAP": "1", **more}


def start(*command: str, variables: dict[str, str] | None = None, **options) -> subprocess.Popen:
    """`manage.py` with this command, and more `variables`. It hears of the tests' end, however they end."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=environment(ASSAY_DIE_WITH_PARENT=str(os.getpid()), **(variables or {})),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **options,
    )


def stop(process: subprocess.Popen) -> None:
    """End it in order, and see that it ends."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def forget_workers() -> None:
    """Empty the queue, and forget the heartbeats of workers that earlier tests killed."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("cpu", "gpu", *broker.scan_iter(match="assay:worker:*"))


def wait_until(what: str, is_so) -> None:
    """Ask `is_so()` until it is; the test fails naming `what` where it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)
