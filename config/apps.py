from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self):
        # Binds shared tasks to our Celery application in every process. Not in config/__init__.py, which the
        # bootstrap imports before anything is installed.
        from config import celery  # noqa: F401
