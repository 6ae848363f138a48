#!/usr/bin/env python3
"""Assay's one door on the command line: sets itself up where needed, then runs a Django command."""

import sys

if __name__ == "__main__":
    # Everything in this file must be readable by the older Pythons that it turns away.
    if sys.version_info < (3, 11):  # noqa: UP036
        sys.exit("Assay needs Python 3.11 or later; this is Python %d.%d." % sys.version_info[:2])  # noqa: UP031
    from config.bootstrap import ensure_environment

    ensure_environment(sys.argv)

    from config.command_line import run

    run(sys.argv)
