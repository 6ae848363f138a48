"""What happens around every `manage.py` command, in this order: services, Django, migrations, the command, exit code.

Exit codes: 0 done; 1 refused, with the reasons on standard error; 2 wrong usage. Standard output is for results alone.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from assessment.domain.errors import DomainError, FileError
from config.local_services import LocalServiceError, use_local_services

BASE_DIR = Path(__file__).resolve().parent.parent
LISTED_PROBLEMS = 100
# `test` starts services of its own, for its own folder (tests/conftest.py); the others touch no database.
WITHOUT_SERVICES = {"help", "version", "test", "collectstatic", "startapp", "makemessages", "compilemessages"}
WITHOUT_MIGRATING = {
    "makemigrations",
    "migrate",
    "showmigrations",
    "sqlmigrate",
    "squashmigrations",
    "optimizemigration",
}


def run(argv: list[str]) -> None:
    """Run one command and exit with its code. `argv` as in sys.argv."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    exit_on_signals()
    die_with_parent_if_asked()
    try:
        run_command(argv)
        sys.stdout.flush()
    except (DomainError, LocalServiceError) as error:
        if "--traceback" in argv:
            raise
        print(refusal(error), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader of our output (`| head`) has had enough. The interpreter's own last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


def run_command(argv: list[str]) -> None:
    name = argv[1] if len(argv) > 1 else "help"
    only_words = name.startswith("-") or {"-h", "--help", "--version"} & set(argv[1:])
    services = None
    if not only_words and name not in WITHOUT_SERVICES:
        services = use_local_services(Path(os.environ.get("ASSAY_VAR") or BASE_DIR / "var"))

    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import ManagementUtility, get_commands
    from django.db import OperationalError, ProgrammingError, connections

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise LocalServiceError(str(error)) from error
    if not name.startswith("-") and name not in {"help", "version", *get_commands()}:
        unknown_command(argv)
    try:
        if services and services.owns_database and name not in WITHOUT_MIGRATING:
            from config.local_services.schema import apply_pending_migrations

            apply_pending_migrations(services.var)
        ManagementUtility(argv).execute()
    except ProgrammingError as error:
        from config.local_services.schema import pending_migrations

        if not pending_migrations():
            raise
        # Somebody else's server is never changed without being asked.
        raise LocalServiceError("The database lacks migrations; run `python3 manage.py migrate` first.") from error
    except OperationalError as error:
        # Without a connection it was the server that could not be reached; with one it is a fault to look into.
        if connections["default"].connection is not None:
            raise
        raise LocalServiceError(f"The database cannot be reached: {error}") from error


def unknown_command(argv: list[str]) -> None:
    """Django's message, with the exit code of wrong usage."""
    from django.core.management import ManagementUtility

    try:
        ManagementUtility(argv).fetch_command(argv[1])
    except SystemExit:
        sys.exit(2)


def refusal(error: Exception) -> str:
    """The text for standard error: the sentence and, for a file, its first problems and the count of the rest."""
    if not isinstance(error, FileError):
        return str(error)
    lines = [str(error), *(str(problem) for problem in error.problems[:LISTED_PROBLEMS])]
    rest = len(error.problems) - LISTED_PROBLEMS
    return "\n".join([*lines, f"... and {rest} more"] if rest > 0 else lines)


def exit_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into an orderly exit, so that the services are released. Celery and gunicorn replace
    these handlers by their own, which end in an orderly exit too."""

    def leave(number, frame):
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, leave)


def die_with_parent_if_asked() -> None:
    """With ASSAY_DIE_WITH_PARENT set, get a SIGTERM when the parent ends, however it ends (Linux only).

    A number above 1 is the parent's process id: it may have ended before we could ask. Not passed on to our children.
    """
    wish = os.environ.pop("ASSAY_DIE_WITH_PARENT", "")
    if not wish or not sys.platform.startswith("linux"):
        return
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
    if wish.isdigit() and int(wish) > 1 and os.getppid() != int(wish):
        sys.exit(1)
