"""The account under which PostgreSQL runs: it refuses root, so root lends it an unprivileged one."""

import os
import pwd
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Account(NamedTuple):
    """A user and a group by number."""

    uid: int
    gid: int


def account_for(existing: Path | None) -> Account | None:
    """None (run as oneself) for everybody but root; for root the owner of the existing data, else `nobody`."""
    if os.geteuid() != 0:
        return None
    if existing is not None and (owner := existing.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


@contextmanager
def reachable(folder: Path, account: Account | None):
    """A name by which the account reaches `folder` itself, and the file descriptors its process has to inherit.

    Where a parent is closed to the account (a checkout in root's home, mode 700), the way leads through an inherited
    descriptor: /proc/self/fd/N takes a process straight to the folder, without asking its parents, and nobody else's
    access changes.
    """
    if account is None or can_enter(folder.parent, account):
        yield str(folder), ()
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}", (handle,)
    finally:
        os.close(handle)


def can_enter(folder: Path, account: Account) -> bool:
    """Whether the account may pass through `folder` and all its parents."""
    return all(may(parent, 0o1, account) for parent in (folder, *folder.parents))


def may(path: Path, wanted: int, account: Account) -> bool:
    """Whether the mode bits give the account all of `wanted` (4 read, 2 write, 1 execute or enter) on `path`."""
    status = path.stat()
    if status.st_uid == account.uid:
        granted = status.st_mode >> 6
    elif status.st_gid == account.gid:
        granted = status.st_mode >> 3
    else:
        granted = status.st_mode
    return granted & wanted == wanted
