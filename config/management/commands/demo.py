"""`demo`: everything at once, on real services, with real data and a real (small) model."""

import signal
import time

from django.core.management.base import BaseCommand

from config.demo.check import check_demo
from config.demo.load import LOGINS, PASSWORD, load_demo, start_suggestions
from config.demo.processes import demo_processes, free_port


class Command(BaseCommand):
    help = "Load the demo and serve it until Ctrl-C; with --check drive it once and report."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="default: 8000, or a free one where it is taken")
        parser.add_argument("--check", action="store_true", help="do the main job once through HTTP, then exit 0 or 1")

    def handle(self, *, port, check, **options):
        # A shell starts background jobs with SIGINT ignored; the demo promises that SIGINT ends it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say = self.stderr.write
        load_demo(say)
        with demo_processes(free_port(port)) as processes:
            if check:
                for line in check_demo(processes.url):
                    self.stdout.write(f"ok  {line}")
                    self.stdout.flush()
            else:
                start_suggestions(say)
                self._announce(processes.url)
                self._serve(processes)
        if check:
            self.stdout.write("The demo works.")

    def _announce(self, url: str) -> None:
        self.stdout.write(f"\nAssay is ready: {url}/\n")
        for name, what in LOGINS.items():
            self.stdout.write(f"  {name:6} {PASSWORD}   {what}")
        self.stdout.write("\nCtrl-C stops everything.")
        self.stdout.flush()

    def _serve(self, processes) -> None:
        while True:
            time.sleep(1)
            if processes.check():
                self.stderr.write("The worker had ended; a new one takes over its work.")
