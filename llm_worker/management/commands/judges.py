from django.core.management.base import BaseCommand

from llm_worker.models import JudgeConfiguration


class Command(BaseCommand):
    help = "List the judges: name, task, engine, model, prompt, decoding."

    def handle(self, **options):
        rows = [("judge", "task", "engine", "model", "prompt", "decoding", "queue")]
        for judge in JudgeConfiguration.objects.all():
            rows.append(
                (
                    judge.name,
                    judge.task,
                    judge.engine,
                    judge.model or "-",
                    judge.prompt or "-",
                    judge.decoding,
                    judge.queue,
                )
            )
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
