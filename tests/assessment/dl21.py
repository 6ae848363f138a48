"""TREC 2021 Deep Learning as the demo ships it: 63 runs, 53 topics, the qrels of NIST and of UMBRELA with GPT-4o."""

import io
import tarfile
from pathlib import Path

from assessment.models import Track
from assessment.services.imports import qrels_import, run_import, topics_import
from assessment.services.tracks import track_create

FOLDER = Path(__file__).resolve().parents[2] / "config" / "demo" / "data" / "dl21"
NIST, UMBRELA = "nist", "umbrela-gpt-4o"


def load_dl21(slug: str = "dl21", created_by=None) -> Track:
    track = track_create(slug=slug, name="Deep Learning 2021", scale=range(4), relevant_from=2, created_by=created_by)
    topics_import(track=track, source=FOLDER / "topics.tsv.gz", name="topics.tsv.gz")
    for name, run in run_files().items():
        run_import(track=track, source=io.BytesIO(run), name=name)
    for name in (NIST, UMBRELA):
        qrels_import(track=track, source=FOLDER / f"{name}.qrels.gz", name=f"{name}.qrels.gz", assessor_name=name)
    return track


def run_files() -> dict[str, bytes]:
    """The text of every run by its file's name, which is its tag."""
    with tarfile.open(FOLDER / "runs.tar.xz") as archive:
        return {Path(member.name).name: archive.extractfile(member).read() for member in archive if member.isfile()}


def remove(track: Track) -> None:
    collection = track.collection
    for assessor in track.assessors.all():
        assessor.judgments.all().delete()
    track.delete()
    collection.documents.all().delete()
    collection.delete()
