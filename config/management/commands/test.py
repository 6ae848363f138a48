"""`test`: the whole pytest suite, or what pytest's own arguments choose of it."""

import os
import sys

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Run the tests with pytest; all arguments are pytest's (for example: test -k topics)."
    requires_system_checks = []

    def run_from_argv(self, argv):
        # Not parsed here: argparse would take pytest's options for its own.
        if argv[2:] in (["--help"], ["-h"]):
            self.print_help(argv[0], argv[1])
            return
        sys.stdout.flush()
        # In place of this process: its signals and its exit code are pytest's.
        os.execv(sys.executable, [sys.executable, "-m", "pytest", *argv[2:]])

    def handle(self, *args, **options):
        self.run_from_argv(["manage.py", "test", *args])
