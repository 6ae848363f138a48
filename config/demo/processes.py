"""The processes of a running demo: a web server and a worker, both ended with it, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from assessment.domain.errors import DomainError

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
START_S = 60
STOP_S = 30
KILL_S = 5


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, otherwise any free port of the loopback interface."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise DomainError("There is no free port on 127.0.0.1.")


class DemoProcesses:
    """The web server and the worker. They get SIGTERM from the kernel should this process be killed."""

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}"
        self._web = _start("web", "--port", str(port))
        self._worker = _start("worker")

    def wait_until_ready(self) -> None:
        """Raises DomainError when the web server does not answer in time."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            self.check()
            try:
                with urllib.request.urlopen(f"{self.url}/healthz/", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise DomainError(f"The web server did not answer within {START_S} seconds.")

    def check(self) -> bool:
        """Start a killed worker again, returning True then. Raises DomainError when the web server has ended."""
        if self._web.poll() is not None:
            raise DomainError(f"The web server ended with code {self._web.returncode}.")
        if self._worker.poll() is None:
            return False
        self._worker = _start("worker")
        return True

    def stop(self) -> None:
        """End both and wait until they have ended. A second Ctrl-C does not wait for the worker's present question."""
        for process in (self._worker, self._web):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for process in (self._worker, self._web):
            # A worker that is killed loses nothing: its leases expire.
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                process.wait(max(0.0, deadline - time.monotonic()))
            _kill_rest(process)


def _kill_rest(process: subprocess.Popen) -> None:
    """Kill what is left of a process and its forks, and wait until they are gone.

    The forks of a killed web server live on for a moment, and with them its share of the services' lock: as long as
    they do, this process is not the services' last user and would leave them running.
    """
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Not for ever: a container's first process may never collect its dead orphans.
        deadline = time.monotonic() + KILL_S
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.02)


def _start(*command: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(MANAGE), *command],
        env={**os.environ, "ASSAY_DIE_WITH_PARENT": str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        # Ctrl-C goes to the whole group; in a session of their own the children hear of it from us, in order.
        start_new_session=True,
    )


@contextmanager
def demo_processes(port: int):
    """Both processes, ready, for as long as the block runs."""
    processes = DemoProcesses(port)
    try:
        processes.wait_until_ready()
        yield processes
    finally:
        processes.stop()
