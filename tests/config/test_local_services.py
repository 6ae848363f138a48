"""The local PostgreSQL and Valkey: who starts them, who stops them, and what a command tells the shell.

pytest's temporary folders are closed to other accounts (mode 700), so run as root these tests also show that
PostgreSQL, under its own account, reaches data below a closed folder.
"""

import os
import signal

import pytest

from config.local_services.processes import wait_for
from tests.config.commands import run_command, servers_run, start, start_command

HOLD = """
import sys
from pathlib import Path
from config.command_line import exit_on_signals
from config.local_services import use_local_services
exit_on_signals()
services = use_local_services(Path(sys.argv[1]))
print(services.postgres._pid(), services.valkey._pid(), flush=True)
{then}
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def var(tmp_path_factory):
    """A folder with a migrated database in it: made once, by two commands at the same time."""
    folder = tmp_path_factory.mktemp("var")
    both = [start_command(folder, "shell", "-v0", "-c", "print('users', User.objects.count())") for _ in range(2)]
    results = [(*process.communicate(timeout=120), process.returncode) for process in both]
    return folder, results


class Holder:
    """A process that uses the services until it is told to end."""

    def __init__(self, folder, then=""):
        self.process = start(folder, "-c", HOLD.format(then=then), str(folder))
        self.servers = [int(pid) for pid in self.process.stdout.readline().split()]

    def end(self):
        out, errors = self.process.communicate(timeout=60)
        assert (out, errors, self.process.returncode) == ("", "", 0)

    def kill(self):
        self.process.kill()
        self.process.communicate()


def test_two_commands_on_an_empty_folder_both_succeed(var):
    _, results = var

    assert [(out, code) for out, _, code in results] == [("users 0\n", 0)] * 2
    assert sum("Making the local PostgreSQL database" in errors for _, errors, _ in results) == 1


def test_a_later_command_has_nothing_to_set_up_and_leaves_nothing_running(var):
    folder, _ = var

    assert run_command(folder, "shell", "-v0", "-c", "print('users', User.objects.count())") == ("users 0\n", "", 0)
    assert not servers_run(folder)


def test_the_servers_stay_until_the_last_user_ends(var):
    folder, _ = var
    first, second = Holder(folder), Holder(folder)

    assert first.servers == second.servers
    first.end()
    assert servers_run(folder)
    second.end()
    assert not servers_run(folder)


def test_what_a_killed_command_left_is_adopted_and_stopped(var):
    folder, _ = var
    killed = Holder(folder)
    killed.kill()
    assert servers_run(folder)

    heir = Holder(folder)
    assert heir.servers == killed.servers
    heir.end()
    assert not servers_run(folder)


def test_a_killed_postgresql_is_started_again_beside_its_other_users(var):
    folder, _ = var
    user = Holder(folder)
    os.kill(user.servers[0], signal.SIGKILL)

    out, errors, code = run_command(folder, "shell", "-v0", "-c", "print(User.objects.count())")
    assert (out, errors, code) == ("0\n", "", 0)
    user.end()
    assert not servers_run(folder)


def test_a_terminated_command_releases_the_servers(var):
    folder, _ = var
    user = Holder(folder)
    user.process.send_signal(signal.SIGTERM)
    user.process.communicate(timeout=60)

    assert user.process.returncode == 128 + signal.SIGTERM
    assert not servers_run(folder)


def test_a_forked_child_does_not_stop_the_servers(var):
    folder, _ = var
    user = Holder(folder, then="import os\nif os.fork() == 0: sys.exit()\nos.wait(); print('child ended', flush=True)")

    assert user.process.stdout.readline() == "child ended\n"
    assert servers_run(folder)
    user.end()
    assert not servers_run(folder)


def test_a_child_takes_part_in_the_locks_itself(var):
    folder, _ = var
    user = Holder(folder, then="import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], flush=True)")
    database, broker = user.process.stdout.readline().split()
    offered = {"DATABASE_URL": database, "ASSAY_LOCAL_DATABASE_URL": database}
    child = start(
        folder, "-c", HOLD.format(then=""), str(folder), REDIS_URL=broker, ASSAY_LOCAL_REDIS_URL=broker, **offered
    )
    child.stdout.readline()

    user.kill()
    child.communicate(timeout=60)
    assert not servers_run(folder)


def test_configured_servers_are_used_and_nothing_is_started(tmp_path):
    elsewhere = {"DATABASE_URL": "postgres://u:p@127.0.0.1:1/d", "REDIS_URL": "redis://127.0.0.1:1/0"}
    script = "from django.conf import settings; print(settings.DATABASES['default']['PORT'], settings.REDIS_URL)"

    assert run_command(tmp_path, "shell", "-v0", "-c", script, **elsewhere) == ("1 redis://127.0.0.1:1/0\n", "", 0)
    assert not (tmp_path / "postgres").exists() and not (tmp_path / "valkey").exists()


def test_an_unreachable_database_is_told_in_words(tmp_path):
    elsewhere = {"DATABASE_URL": "postgres://u:p@127.0.0.1:1/d", "REDIS_URL": "redis://127.0.0.1:1/0"}

    out, errors, code = run_command(tmp_path, "shell", "-v0", "-c", "print(User.objects.count())", **elsewhere)

    assert (out, code) == ("", 1)
    assert errors.startswith("The database cannot be reached: ") and "Traceback" not in errors


@pytest.mark.parametrize("arguments", [("help",), ("--version",), ("migrate", "--help"), ("web", "-h")])
def test_asking_for_help_starts_nothing(tmp_path, arguments):
    out, errors, code = run_command(tmp_path, *arguments)

    assert out and (errors, code) == ("", 0)
    assert not (tmp_path / "postgres").exists() and not (tmp_path / "valkey").exists()


def test_wrong_usage_ends_with_2(var):
    folder, _ = var

    assert run_command(folder, "wep")[::2] == ("", 2)
    assert run_command(folder, "web", "--port", "many")[::2] == ("", 2)


def test_a_refusal_ends_with_1_and_its_reason(var):
    folder, _ = var
    script = "from assessment.domain.errors import DomainError; raise DomainError('There is no such track.')"

    assert run_command(folder, "shell", "-v0", "-c", script) == ("", "There is no such track.\n", 1)


def test_a_refused_file_lists_its_first_hundred_problems(var):
    folder, _ = var
    script = (
        "from assessment.domain.errors import FileError, Problem\n"
        "raise FileError('run.txt', [Problem(n, 'no score') for n in range(1, 106)])"
    )

    out, errors, code = run_command(folder, "shell", "-v0", "-c", script)
    lines = errors.splitlines()
    assert (out, code, len(lines)) == ("", 1, 102)
    assert (lines[1], lines[100], lines[101]) == ("line 1: no score", "line 100: no score", "... and 5 more")


def test_a_reader_that_leaves_early_is_no_error(var):
    folder, _ = var
    process = start_command(folder, "shell", "-v0", "-c", "for n in range(100_000): print(n)")
    process.stdout.readline()
    process.stdout.close()

    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 128 + signal.SIGPIPE


def test_the_web_command_says_where_it_listens_and_ends_on_sigterm(var):
    folder, _ = var
    process = start_command(folder, "web", "--port", "0", "--workers", "1")
    address = process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=60)

    assert address.startswith("Assay listens on http://127.0.0.1:")
    assert (out, errors, process.returncode) == ("", "", 0)
    assert not servers_run(folder)


def test_a_worker_dies_with_the_parent_that_asks_for_it(var):
    folder, _ = var
    script = (
        "import subprocess, sys, time\n"
        "worker = subprocess.Popen([sys.executable, 'manage.py', 'worker'], stderr=subprocess.PIPE, text=True)\n"
        "print(next(line for line in worker.stderr if 'ready' in line), flush=True)\n"
        "time.sleep(60)"
    )
    parent = start(folder, "-c", script, ASSAY_DIE_WITH_PARENT="1", LOG_LEVEL="INFO")
    assert "cpu-" in parent.stdout.readline()
    assert servers_run(folder)

    parent.kill()
    parent.communicate()
    assert wait_for(lambda: not servers_run(folder), 30)


def test_a_foreign_database_without_migrations_is_not_changed_but_told_of(var, tmp_path):
    folder, _ = var
    user = Holder(folder, then="import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'], flush=True)")
    database, broker = user.process.stdout.readline().split()

    empty = database.rsplit("/", 1)[0] + "/postgres"

    out, errors, code = run_command(tmp_path, "judges", DATABASE_URL=empty, REDIS_URL=broker)

    assert (out, errors, code) == ("", "The database lacks migrations; run `python3 manage.py migrate` first.\n", 1)
    user.end()
