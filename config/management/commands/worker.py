"""`worker`: a Celery worker in this process, so that it holds its share of the local services' lock."""

import os
import socket
import sys
import warnings

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections


class Command(BaseCommand):
    help = "Run a Celery worker until Ctrl-C or SIGTERM; it finishes its task first."

    def add_arguments(self, parser):
        parser.add_argument("--queue", choices=["cpu", "gpu"], default="cpu", help="which work it takes (default: cpu)")
        parser.add_argument(
            "--concurrency", type=int, default=1, help="processes of the cpu queue (default: 1, in this process)"
        )

    def handle(self, *, queue, concurrency, **options):
        from celery.platforms import SecurityWarning

        from config.celery import app

        if concurrency < 1:
            raise CommandError("--concurrency must be at least 1.", returncode=2)
        if queue == "gpu" and concurrency > 1:
            raise CommandError("A gpu worker has one process: forked ones cannot share its CUDA context.", returncode=2)
        if not app.conf.broker_url:
            raise CommandError("There is no broker: set REDIS_URL, or unset DATABASE_URL and REDIS_URL.")
        connections.close_all()
        # Celery warns root of pickled tasks; ours are JSON.
        warnings.filterwarnings("ignore", category=SecurityWarning)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Celery reports its shutdown on standard output
        worker = app.Worker(
            # The process id keeps two workers of one queue on one machine apart.
            hostname=f"{queue}-{os.getpid()}@{socket.gethostname()}",
            queues=[queue],
            pool="solo" if concurrency == 1 else "prefork",
            concurrency=concurrency,
            prefetch_multiplier=1,
            loglevel=settings.LOG_LEVEL,
            quiet=True,
            # Workers here never ask each other anything; not waiting for their answers saves a second at the start.
            without_mingle=True,
            without_gossip=True,
        )
        worker.start()
        sys.exit(worker.exitcode or 0)
