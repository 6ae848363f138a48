"""Services and a database of a benchmark's own, gone when it ends."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE_DIR))


@contextmanager
def scratch_services() -> Iterator[Path]:
    """PostgreSQL and Valkey in a temporary folder (inside ASSAY_VAR, where it is set), migrated; yields the folder."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(dir=os.environ.get("ASSAY_VAR")) as name:
        folder = Path(name)
        # PostgreSQL runs under another account where we are root, and has to reach its data.
        folder.chmod(0o755)
        os.environ["ASSAY_VAR"] = name
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        from config.local_services import LocalServices

        services = LocalServices(folder)
        services.start()
        try:
            import django
            from django.core.management import call_command
            from django.db import connection

            django.setup()
            call_command("migrate", verbosity=0)
            yield folder
            connection.close()
        finally:
            services.release()
