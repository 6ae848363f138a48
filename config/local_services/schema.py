"""Keeps the project's own database at the migrations of the source."""

import sys
from pathlib import Path

from config.local_services import exclusive_lock


def apply_pending_migrations(var: Path) -> None:
    """Bring the default database up to date; commands that start together wait for the first.

    Only the project's own database is changed without being asked (see config/command_line.py).
    """
    if not pending_migrations():
        return
    with exclusive_lock(var / "migrations.lock"):
        pending = pending_migrations()
        if pending:
            from django.core.management import call_command

            print(f"Bringing the database up to date: {len(pending)} migrations ...", file=sys.stderr)
            call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr, skip_checks=True)


def pending_migrations() -> set[tuple[str, str]]:
    """(app, migration) that are in the source and not in the database.

    One query and a look into the folders: Django's MigrationExecutor would import every migration to say the same.
    """
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    in_source = {
        (app.label, file.stem)
        for app in apps.get_app_configs()
        for file in Path(app.path, "migrations").glob("[!_]*.py")
    }
    return in_source - set(MigrationRecorder(connection).applied_migrations())
