"""Draws the lots of the passages that are in pools already."""

import hashlib

from django.db import migrations

BATCH = 5_000


def draw(apps, schema_editor):
    item_model = apps.get_model("assessment", "PoolItem")
    rows = item_model.objects.order_by("pk").values_list("pk", "pool__seed", "topic__qid", "document__docid")
    batch = []
    for pk, seed, topic, docid in rows.iterator(chunk_size=BATCH):
        batch.append(item_model(pk=pk, lot=_lot(seed, topic, docid)))
        if len(batch) == BATCH:
            item_model.objects.bulk_update(batch, ["lot"])
            batch = []
    item_model.objects.bulk_update(batch, ["lot"])


def _lot(seed: int, topic: str, docid: str) -> int:
    """As in domain/pooling.py, which may change; what has been drawn stays."""
    digest = hashlib.sha256(f"{seed}\0{topic}\0{docid}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Migration(migrations.Migration):
    dependencies = [("assessment", "0002_assessing_at_full_strength")]

    operations = [migrations.RunPython(draw, migrations.RunPython.noop)]
