"""The three judges of a new project: UMBRELA twice (two decodings are two judges) and the lexical baseline."""

from django.db import migrations

SMOL = {
    "engine": "llama_cpp",
    "model": "SmolLM2-135M-Instruct",
    "prompt": "umbrela.v1",
    "caveat": "A model of 135 million parameters, here to show the machinery: its grades are no better than chance.",
}
JUDGES = [
    {
        "name": "umbrela-reference",
        "description": "UMBRELA's free-text reply, strictly parsed, by the small model that comes with Assay.",
        "decoding": "reference",
        **SMOL,
        "caveat": "A model of 135 million parameters, here to show the machinery: it is at chance level, and nearly all "
        "of its free-text replies lack the answer line and fail.",
    },
    {
        "name": "umbrela-token",
        "description": "UMBRELA with one constrained grade token and its distribution, by the small model that comes "
        "with Assay.",
        "decoding": "token",
        **SMOL,
    },
    {
        "name": "lexical-bm25",
        "description": "No language model: BM25 similarity mapped to grades, fitted on the judgments of other topics. "
        "What every LLM has to beat.",
        "engine": "lexical",
        "decoding": "none",
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
    dependencies = [("llm_worker", "0001_initial")]
    operations = [migrations.RunPython(create, remove)]
