"""What a run returned, to be read by people."""

from typing import NamedTuple

from django.db.models.functions import Left

from assessment.models import Document, Run, Topic

SHOWN = 100
SNIPPET = 160


class Ranked(NamedTuple):
    rank: int
    document: Document
    score: float


class Top(NamedTuple):
    """The first 100 of a ranking, and how many it holds."""

    rows: list[Ranked]
    total: int


def run_topics(run: Run) -> list[Topic]:
    """The topics that the run answered, in the track's order."""
    return list(Topic.objects.filter(rankings__run=run).order_by("position"))


def top_of_ranking(run: Run, topic: Topic) -> Top:
    """The run's first documents for the topic with rank and score, two queries."""
    ranking = run.rankings.get(topic=topic)
    keys = ranking.documents[:SHOWN]
    found = Document.objects.filter(pk__in=keys).defer("text", "extra").annotate(snippet=Left("text", SNIPPET))
    documents = {document.pk: document for document in found}
    rows = zip(keys, ranking.scores[:SHOWN], strict=True)
    ranked = [Ranked(rank, documents[key], score) for rank, (key, score) in enumerate(rows, 1)]
    return Top(ranked, len(ranking.documents))
