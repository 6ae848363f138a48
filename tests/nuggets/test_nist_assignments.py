"""NIST's nugget assignments of the TREC 2024 RAG track, with the figures that were computed from them independently."""

import csv
import gzip
import io
import json
import os
from pathlib import Path

import pytest
from django.core.management import call_command

from assessment.models import Topic
from nuggets.models import Answer, NuggetAssignment
from tests.factories import make_track

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(os.environ.get("ASSAY_DATA") or ROOT.parent / "shared" / "data") / (
    "rag24/nugget_assignment.20241108.jsonl.gz"
)
VITAL_STRICT = {
    "ldilab_gpt_4o": 0.6666,
    "listgalore_gpt4o_ragnarokv4_top20": 0.6411,
    "neuragfix": 0.6372,
    "ISIR-IRIT-zephyr_p2": 0.1469,
    "webis-manual-manual": 0.0640,
}
TAUS = {"vital": 0.9778, "all_strict": 0.9131, "all": 0.9152, "weighted_strict": 0.9293, "weighted": 0.9354}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FILE.exists(), reason="NIST's nugget assignments are not here; see ASSAY_DATA."),
]


def said(*command, **options) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def track():
    track = make_track("rag24")
    call_command("import_assignments", "rag24", str(FILE), assessor="nist", stdout=io.StringIO())
    return track


def test_scores_counts_and_correlations_are_the_published_files(track):
    Topic.objects.create(track=track, qid="unlabelled", query="nobody asked", position=99)
    rows = list(csv.reader(io.StringIO(said("nugget_leaderboard", "rag24", assessor="nist", format="csv"))))
    assert rows[0] == ["run", "score", "value"]
    values = {(run, score): float(value) for run, score, value in rows[1:]}
    assert len(values) == 45 * 6
    assert {run: round(values[run, "vital_strict"], 4) for run in VITAL_STRICT} == VITAL_STRICT
    (side,) = json.loads(said("nugget_compare", "rag24"))["sides"]
    counts = ["n_topics", "n_runs", "n_answers", "n_nuggets", "n_vital"]
    assert [side[name] for name in counts] == [21, 45, 927, 298, 203]
    assert side["labels"] == {"support": 4813, "partial_support": 436, "not_support": 7909}
    assert {name: round(tau, 4) for name, tau in side["tau_of_scores"].items()} == TAUS
    assert round(side["tau_with_length"], 3) == 0.452
    assert side["missing_answers"]["webis-manual-manual"] == 17
    assert not side["is_draft"]


def test_the_same_file_again_changes_nothing_and_compares_as_its_own_twin(track):
    before = NuggetAssignment.objects.count(), Answer.objects.count()
    assert said("import_assignments", "rag24", str(FILE), assessor="nist").startswith("unchanged")
    assert (NuggetAssignment.objects.count(), Answer.objects.count()) == before == (13158, 927)
    said("import_assignments", "rag24", str(FILE), assessor="twin", bank="nist")
    (pair,) = json.loads(said("nugget_compare", "rag24"))["pairs"]
    assert (pair["tau"], pair["n_runs"], pair["n_topics"]) == (pytest.approx(1), 45, 21)
    assert pair["confusion"] == [[4813, 0, 0], [0, 436, 0], [0, 0, 7909]]


def test_what_went_in_comes_out(track):
    stored = [json.loads(line) for line in said("export_assignments", "rag24", assessor="nist").splitlines()]
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        given = [json.loads(line) for line in file]
    assert sorted(stored, key=by_answer) == sorted(given, key=by_answer)


def by_answer(record):
    return record["qid"], record["run_id"]
