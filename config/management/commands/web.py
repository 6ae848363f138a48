"""`web`: the web application under gunicorn, in this process and its forked workers."""

import sys

from django.core.management.base import BaseCommand
from django.db import connections


class Command(BaseCommand):
    help = "Serve the web application until Ctrl-C or SIGTERM."

    def add_arguments(self, parser):
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port; 0 takes a free one (default: 8000)")
        parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
        parser.add_argument("--threads", type=int, default=4, help="threads of each process (default: 4)")

    def handle(self, *, host, port, workers, threads, **options):
        from gunicorn.app.base import BaseApplication

        class Server(BaseApplication):
            def load_config(self):
                for name, value in {
                    "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                    "workers": workers,
                    "threads": threads,
                    "worker_class": "gthread",
                    "loglevel": "warning",
                    "control_socket_disable": True,
                    "when_ready": announce,
                }.items():
                    self.cfg.set(name, value)

            def load(self):
                from config.wsgi import application

                return application

        connections.close_all()  # a connection must not be shared with forked workers
        Server().run()


def announce(server):
    for listener in server.LISTENERS:
        host, port = listener.sock.getsockname()[:2]
        print(f"Assay listens on http://{f'[{host}]' if ':' in host else host}:{port}/", file=sys.stderr, flush=True)
