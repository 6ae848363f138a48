"""The documents of a collection, quick also when there are millions: pages follow the index of docids."""

from typing import NamedTuple

from django.db.models import Count, Q
from django.db.models.functions import Left

from assessment.models import Document, Track

PER_PAGE = 50
SNIPPET = 240


class DocumentCounts(NamedTuple):
    all: int
    with_text: int


class DocumentPage(NamedTuple):
    """`next` is the docid after which the following page begins; empty on the last."""

    documents: list[Document]
    next: str


def document_counts(track: Track) -> DocumentCounts:
    counts = track.collection.documents.aggregate(all=Count("pk"), with_text=Count("pk", filter=Q(text__isnull=False)))
    return DocumentCounts(counts["all"], counts["with_text"])


def documents_from(track: Track, *, start: str = "", after: str = "") -> DocumentPage:
    """Up to 50 documents whose docid begins with `start`, behind the docid `after`, in the order of bytes.

    Each has the first characters of its text as `snippet`.
    """
    # PostgreSQL stores no NUL in a text; a docid that holds one is not there.
    start, after = start.replace("\0", ""), after.replace("\0", "")
    found = track.collection.documents.filter(docid__startswith=start) if start else track.collection.documents.all()
    if after:
        found = found.filter(docid__gt=after)
    found = found.defer("text", "extra").annotate(snippet=Left("text", SNIPPET)).order_by("docid")
    rows = list(found[: PER_PAGE + 1])
    more = len(rows) > PER_PAGE
    rows = rows[:PER_PAGE]
    return DocumentPage(rows, rows[-1].docid if more else "")
