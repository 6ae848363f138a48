"""`manage.py` commands as processes of their own, on the local services of a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

from config.local_services.postgres import Postgres
from config.local_services.processes import any_in
from config.local_services.valkey import Valkey

BASE_DIR = Path(__file__).resolve().parents[2]


def environment(folder):
    ours = {"DATABASE_URL", "REDIS_URL", "ASSAY_LOCAL_DATABASE_URL", "ASSAY_LOCAL_REDIS_URL"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return inherited | {"ASSAY_VAR": str(folder), "ASSAY_NO_BOOTSTRAP": "1"}


def start(folder, *command, **changes):
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env=environment(folder) | changes,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def start_command(folder, *arguments, **changes):
    return start(folder, "manage.py", *arguments, **changes)


def run_command(folder, *arguments, timeout=120, **changes):
    """(standard output, standard error, exit code)"""
    process = start_command(folder, *arguments, **changes)
    return *process.communicate(timeout=timeout), process.returncode


def servers_run(folder):
    return any_in(Postgres(folder).data) or any_in(Valkey(folder).folder)
