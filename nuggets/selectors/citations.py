"""What the answers of a track cite."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import QuerySet

from assessment.models import Document, Track
from nuggets.domain.citations import cited
from nuggets.models import Answer, AnswerRun


class UnknownDocid(NamedTuple):
    """A citation of what the track's collection does not have."""

    run: str
    topic: str
    docid: str


@dataclass(frozen=True)
class Citations:
    """`places`: by topic's key, by document's key, the best place among a sentence's citations; `unknown` by run, topic
    and docid. `answers` counts those with a citation, whether known or not."""

    places: dict[int, dict[int, int]]
    unknown: list[UnknownDocid]
    answers: int

    @property
    def n_documents(self) -> int:
        """Pairs of a topic and a document."""
        return sum(map(len, self.places.values()))


def citing_runs(track: Track) -> QuerySet[AnswerRun]:
    """The runs whose files had citations, by tag: those from assignments are texts alone."""
    return track.answer_runs.exclude(profile="").order_by("tag")


def citations_of(track: Track, runs: Sequence[AnswerRun] | None = None, most: int | None = None) -> Citations:
    """The documents that answers of these runs (None: all) cite, of each sentence the `most` strongest (None: all).
    Two queries."""
    answers = Answer.objects.filter(run__track=track).order_by("run__tag", "topic__position")
    if runs is not None:
        answers = answers.filter(run__in=runs)
    found = [
        (run, topic, qid, places)
        for run, topic, qid, sentences in answers.values_list("run__tag", "topic", "topic__qid", "sentences").iterator()
        if (places := cited(sentences, most))
    ]
    docids = {docid for *_, places in found for docid in places}
    known = Document.objects.filter(collection=track.collection_id, docid__in=docids)
    keys = dict(known.values_list("docid", "pk"))
    merged: dict[int, dict[int, int]] = {}
    unknown = []
    for run, topic, qid, places in found:
        unknown += [UnknownDocid(run, qid, docid) for docid in places if docid not in keys]
        of_topic = merged.setdefault(topic, {})
        for docid, place in places.items():
            if docid in keys:
                of_topic[keys[docid]] = min(place, of_topic.get(keys[docid], place))
    return Citations({topic: places for topic, places in merged.items() if places}, unknown, len(found))
