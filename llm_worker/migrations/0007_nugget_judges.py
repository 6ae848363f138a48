"""A new project can make nuggets and assign them without any set-up: judges by the small model that comes with Assay."""

from django.db import migrations

SMOL = {
    "engine": "llama_cpp",
    "model": "SmolLM2-135M-Instruct",
    "decoding": "json",
    "caveat": "A model of 135 million parameters, here to show the machinery: what it says is no better than chance.",
}
JUDGES = [
    {
        "name": "nuggetizer-small",
        "task": "nuggets",
        "prompt": "nuggets.v1",
        "description": "Makes lists of nuggets window by window and weighs them, by the small model that comes with "
        "Assay. Passages are cut short, so that a window of ten fits into its context.",
        "max_passage_words": 80,
        **SMOL,
    },
    {
        "name": "assigner-small",
        "task": "nugget_assignment",
        "prompt": "nugget-assignment.v1",
        "description": "Looks for nuggets in answers, with three labels, by the small model that comes with Assay.",
        **SMOL,
    },
    {
        "name": "assigner-small-strict",
        "task": "nugget_assignment",
        "prompt": "nugget-assignment-strict.v1",
        "description": "Looks for nuggets in answers, with two labels, by the small model that comes with Assay.",
        **SMOL,
    },
]


def create(apps, schema_editor):
    judges = apps.get_model("llm_worker", "JudgeConfiguration")
    for judge in JUDGES:
        judges.objects.get_or_create(name=judge["name"], defaults=judge)


def remove(apps, schema_editor):
    judges = apps.get_model("llm_worker", "JudgeConfiguration")
    judges.objects.filter(name__in=[judge["name"] for judge in JUDGES], jobs__isnull=True).delete()


class Migration(migrations.Migration):
    dependencies = [("llm_worker", "0006_nugget_jobs")]
    operations = [migrations.RunPython(create, remove)]
