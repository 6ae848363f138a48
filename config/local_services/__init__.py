"""A real PostgreSQL and a real Valkey (Redis protocol), started on this machine where none is configured.

`use_local_services(var)` starts what DATABASE_URL and REDIS_URL do not name already and puts the addresses into
`os.environ`. Every process that uses the services holds a *shared* lock on `var/services.users`; at its exit it tries
to get the lock exclusively, and whoever succeeds was the last and stops them. Starting and stopping happen under a
second, exclusive lock (`var/services.lock`), so commands that begin or end together do not meet half-way. Servers left
behind by a killed command are adopted by the next one, and stopped by it when it is the last.
"""

import atexit
import fcntl
import os
import signal
from contextlib import contextmanager
from pathlib import Path

from config.local_services.postgres import Postgres
from config.local_services.processes import LocalServiceError
from config.local_services.valkey import Valkey

__all__ = ["LocalServiceError", "LocalServices", "use_local_services"]


def use_local_services(var: Path) -> "LocalServices":
    """Start what is needed, point the environment at it, and release it when this process exits."""
    services = LocalServices(var)
    atexit.register(release_at_exit, services)
    services.start()
    return services


def release_at_exit(services: "LocalServices") -> None:
    # The process is ending anyway: a further Ctrl-C has nothing left to stop, and must not cut this short.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    services.release()


@contextmanager
def exclusive_lock(path: Path):
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class LocalServices:
    """The two servers of one folder, as one process uses them. `owns_database` tells whether PostgreSQL is ours."""

    def __init__(self, var: Path):
        self.var = Path(os.path.abspath(var))
        self.postgres = Postgres(self.var)
        self.valkey = Valkey(self.var)
        self.owns_database = not configured("DATABASE_URL")
        self.owns_broker = not configured("REDIS_URL")
        self._users: int | None = None
        self._pid = os.getpid()

    def start(self) -> None:
        if not (self.owns_database or self.owns_broker):
            return
        self.var.mkdir(parents=True, exist_ok=True)
        with self._startup():
            self._users = os.open(self.var / "services.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
            # Both are launched before either is waited for: their starts overlap.
            if self.owns_broker:
                self.valkey.launch()
            if self.owns_database:
                self.postgres.launch()
                offer("DATABASE_URL", self.postgres.wait_until_ready())
            if self.owns_broker:
                offer("REDIS_URL", self.valkey.wait_until_ready())

    def release(self) -> None:
        """Give the services back; the last user stops them, and returns when they have ended. Safe to call twice."""
        # A forked child (a gunicorn or Celery worker) inherits the exit hook, but not the duty.
        if self._users is None or os.getpid() != self._pid:
            return
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            with self._startup():
                if self._is_last_user():
                    self.valkey.stop()
                    self.postgres.stop()
                os.close(self._users)
                self._users = None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _startup(self):
        return exclusive_lock(self.var / "services.lock")

    def _is_last_user(self) -> bool:
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def configured(name: str) -> bool:
    """Whether the variable names a server of somebody else. An address that a parent command offered does not count:
    this process then takes part in the locks itself, and the servers outlive the parent if it dies first."""
    address = os.environ.get(name)
    return bool(address) and address != os.environ.get(f"ASSAY_LOCAL_{name}")


def offer(name: str, address: str) -> None:
    os.environ[name] = os.environ[f"ASSAY_LOCAL_{name}"] = address
