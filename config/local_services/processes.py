"""What both servers need of the operating system: ports, process ids, logs."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

# The servers that this process started itself: only their parent can reap them.
_children: dict[int, subprocess.Popen] = {}
_LOG_LIMIT = 5 * 2**20


class LocalServiceError(Exception):
    """A local server cannot be used; the text says why and what to do."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(command: list[str], *, log: Path, **options) -> int:
    """Start a server that outlives this process and its terminal's Ctrl-C, both outputs into `log`; returns the pid."""
    mode = "ab" if log.exists() and log.stat().st_size < _LOG_LIMIT else "wb"
    with log.open(mode) as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True, **options
        )
    _children[process.pid] = process
    return process.pid


def has_ended(pid: int) -> bool:
    """Whether a server that this process launched is over already."""
    return _children[pid].poll() is not None


def is_running(pid: int, folder: Path) -> bool:
    """Whether `pid` is a live process that works in `folder`: a number alone may have been given to another process."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        return False
    if not Path("/proc/self/cwd").exists():
        return _answers(pid)
    try:
        # A zombie that nobody has reaped yet has no working folder any more.
        return os.path.samefile(f"/proc/{pid}/cwd", folder)
    except OSError:
        return False


def any_in(folder: Path) -> bool:
    """Whether any process works in `folder` (Linux; elsewhere never)."""
    return any(is_running(int(entry.name), folder) for entry in Path("/proc").glob("[0-9]*"))


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def stop(pid: int, folder: Path, *, polite: signal.Signals, last_resort: signal.Signals) -> None:
    """End the server and wait until it is gone; `last_resort` follows after 30 seconds."""
    for number, patience in ((polite, 30.0), (last_resort, 10.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_for(lambda: not is_running(pid, folder), patience):
            return
    raise LocalServiceError(f"The server with process id {pid} in {folder} does not stop.")


def wait_for(condition, seconds: float) -> bool:
    """Poll until the condition holds (True) or the time is over (False)."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def last_lines(log: Path, count: int = 8) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
