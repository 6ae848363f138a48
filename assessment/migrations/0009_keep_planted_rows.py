"""Going back from here is refused while anything is planted: without the columns of vigilance, planted pairs and their
answers would turn into passages and labels like all others."""

from django.db import migrations

REFUSAL = (
    "There are vigilance items or answers to them, which an earlier version would take for passages and labels. "
    "Export them (export_judgments), withdraw the duties that have them, delete the answers, and migrate again."
)


def refuse(apps, schema_editor):
    items = apps.get_model("assessment", "PoolItem")._base_manager.filter(planted_for__isnull=False)
    answers = apps.get_model("assessment", "Judgment")._base_manager.filter(vigilance=True)
    if items.exists() or answers.exists():
        raise RuntimeError(REFUSAL)


class Migration(migrations.Migration):
    dependencies = [("assessment", "0008_put_off_in_shared_pools")]

    operations = [migrations.RunPython(migrations.RunPython.noop, refuse)]
