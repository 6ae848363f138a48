"""The tests' own services: a real PostgreSQL and Valkey in a folder of their own, for the time of the session.

DATABASE_URL and REDIS_URL name other servers, as everywhere; ASSAY_TEST_VAR moves the folder (var/test).
"""

import fcntl
import importlib
import os
import signal
import sys
from itertools import count
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR))

import django  # noqa: E402
import hypothesis  # noqa: E402

from config.local_services import LocalServices, use_local_services  # noqa: E402

# A slow machine is no failure: no test has a time to keep.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def free_folder(parent: Path) -> tuple[Path, int]:
    """The first of parent/1, parent/2, ... that no other test session uses, and the handle that keeps it ours."""
    for number in count(1):
        folder = parent / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "session.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
        else:
            return folder, handle


def settings_for(services: LocalServices) -> None:
    """Load Django with settings that name these services; other conftests import models while pytest still starts."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if "config.settings" in sys.modules:
        # pytest-django reads settings named in the ini file before any conftest could set the environment.
        from django.conf import settings
        from django.db import connections

        importlib.reload(sys.modules["config.settings"])
        settings._setup()
        connections.settings = connections.configure_settings(None)
        if hasattr(connections._connections, "default"):
            del connections["default"]
    django.setup()


# A terminated session ends like an interrupted one: with its teardown, and with its services stopped.
signal.signal(signal.SIGTERM, signal.default_int_handler)
# At import, not in a hook: everything below reads the environment, and the session lock lives as long as the process.
folder, session_lock = free_folder(Path(os.environ.get("ASSAY_TEST_VAR") or BASE_DIR / "var" / "test"))
os.environ["ASSAY_VAR"] = str(folder)
settings_for(use_local_services(folder))
