"""What earlier jobs tell: which judges have been used, and what kind of halt each halted job met."""

from django.db import migrations
from django.db.models import F, Min

def freeze(apps, schema_editor):
    """Those that have jobs were used when the first of them was made."""
    judges = apps.get_model("llm_worker", "JudgeConfiguration")
    for judge in judges.objects.filter(jobs__isnull=False).annotate(first=Min("jobs__created_at")):
        judges.objects.filter(pk=judge.pk).update(frozen_at=judge.first)


def name_reasons(apps, schema_editor):
    """Jobs halted before kinds of halts were told apart."""
    jobs = apps.get_model("llm_worker", "LlmJob")
    halted = jobs.objects.exclude(halted_because="")
    halted.filter(halted_because__startswith="The engine could not work").update(halted_by="engine")
    halted.filter(halted_by="").update(halted_by="defect")
    jobs.objects.filter(running_since=None).update(running_since=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("llm_worker", "0003_full_strength")]

    operations = [
        migrations.RunPython(freeze, migrations.RunPython.noop),
        migrations.RunPython(name_reasons, migrations.RunPython.noop),
    ]
