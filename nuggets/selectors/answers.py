"""Runs of answers, and one answer with what it cites."""

from typing import NamedTuple

from django.db.models import Avg, Count, QuerySet
from django.db.models.functions import Left

from assessment.models import Document, Topic, Track
from nuggets.models import Answer, AnswerRun

SNIPPET = 300  # characters of a cited passage


class Citation(NamedTuple):
    """`number` is the reference's place from 1; `weight` the confidence that the file gave, or None."""

    number: int
    docid: str
    weight: float | None


class Sentence(NamedTuple):
    text: str
    citations: list[Citation]


class Reference(NamedTuple):
    """`document` is None where the collection has no such docid; `times` counts the sentences that cite it."""

    number: int
    docid: str
    document: Document | None
    times: int


class ShownAnswer(NamedTuple):
    answer: Answer
    sentences: list[Sentence]
    references: list[Reference]


def answer_runs(track: Track) -> QuerySet[AnswerRun]:
    """The track's runs by tag, each with its number of `topics` and its `mean_words`."""
    runs = track.answer_runs.select_related("uploaded_by")
    return runs.annotate(topics=Count("answers"), mean_words=Avg("answers__words")).order_by("tag")


def answered_topics(run: AnswerRun) -> list[Topic]:
    return list(Topic.objects.filter(answers__run=run).order_by("position"))


def shown_answer(run: AnswerRun, topic: Topic) -> ShownAnswer:
    """The run's answer to a topic that it has answered. A docid that a file lists twice has the number of
    its first place."""
    answer = run.answers.get(topic=topic)
    number_of: dict[str, int] = {}
    for number, docid in enumerate(answer.references, 1):
        number_of.setdefault(docid, number)
    sentences = [
        Sentence(
            one["text"],
            [Citation(number_of[each["docid"]], each["docid"], each["weight"]) for each in one["citations"]],
        )
        for one in answer.sentences
    ]
    found = Document.objects.filter(collection=run.track.collection, docid__in=number_of).defer("text", "extra")
    documents = {document.docid: document for document in found.annotate(snippet=Left("text", SNIPPET))}
    references = [
        Reference(number, docid, documents.get(docid), sum(_cites(one, docid) for one in sentences))
        for docid, number in number_of.items()
    ]
    return ShownAnswer(answer, sentences, references)


def _cites(sentence: Sentence, docid: str) -> bool:
    return any(citation.docid == docid for citation in sentence.citations)
