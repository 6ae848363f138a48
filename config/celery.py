"""The Celery application; tasks live in each app's tasks.py."""

import os

from celery import Celery
from celery.signals import worker_ready, worker_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("assay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def announce(sender, **_):
    from llm_worker.heartbeat import start_beating

    start_beating(list(sender.app.amqp.queues.consume_from), sender.hostname)


@worker_shutdown.connect
def leave(sender, **_):
    from llm_worker.engines import close_engines
    from llm_worker.heartbeat import stop_beating

    stop_beating(list(sender.app.amqp.queues.consume_from), sender.hostname)
    close_engines()
