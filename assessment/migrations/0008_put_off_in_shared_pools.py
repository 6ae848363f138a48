"""In a shared pool a passage that was put off is open to everybody: when enough others have judged it, it is done."""

from importlib import import_module

from django.db import migrations

VIEW = import_module("assessment.migrations.0004_dutyitem_view").VIEW
ALWAYS = "WHERE mine.id IS NOT NULL OR"
UNLESS_PUT_OFF = "WHERE mine.state <> 'skipped' OR (mine.state = 'skipped' AND pool.quota IS NULL) OR"


def replacing(view: str) -> str:
    return view.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")


class Migration(migrations.Migration):
    dependencies = [("assessment", "0007_noted_events")]

    operations = [migrations.RunSQL(replacing(VIEW.replace(ALWAYS, UNLESS_PUT_OFF)), replacing(VIEW))]
