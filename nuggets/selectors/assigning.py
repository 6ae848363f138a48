"""What an assessor has before the eyes: the answers of a duty in their order, and one of them with its nuggets.

Answers come in a shuffle of the duty's own, without the names of their runs. What the duty hides is not fetched.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count

from assessment.models import Condition
from nuggets.domain.sentences import split_sentences
from nuggets.models import Answer, BankVersion, NuggetAssignment, NuggetDuty, TopicBank, VersionNugget, Wording

from .banks import ScoredList, scored_lists


class QueuedAnswer(NamedTuple):
    """`number` counts in the duty's order; `open` nuggets have no label under their present wording."""

    pk: int
    number: int
    open: int


class CitedSentence(NamedTuple):
    """`cites` are the places of the cited references, from 1."""

    text: str
    cites: list[int]


@dataclass
class Line:
    """One nugget beside an answer. `importance` and `suggestion` are empty where the duty hides them; `before` is what
    this person said of an earlier wording: its text and its label."""

    wording: int
    number: int
    text: str
    importance: str
    label: str = ""
    sentence: int | None = None
    suggestion: str = ""
    before: tuple[str, str] | None = None


@dataclass
class AnswerSheet:
    answer: Answer
    number: int
    sentences: list[CitedSentence]
    lines: list[Line]

    @property
    def open(self) -> int:
        return sum(not line.label for line in self.lines)

    @property
    def current(self) -> Line | None:
        """The first nugget without a label, or the first of all."""
        return next((line for line in self.lines if not line.label), next(iter(self.lines), None))

    @property
    def is_empty(self) -> bool:
        return not self.answer.text.strip()


def duty_list(duty: NuggetDuty) -> ScoredList:
    """The nuggets that are to be assigned. Four queries."""
    topic = duty.topic_bank.topic
    return scored_lists(duty.topic_bank.bank, [topic]).get(topic.pk, ScoredList([], None))


def answer_queue(duty: NuggetDuty, nuggets: ScoredList) -> list[QueuedAnswer]:
    """The topic's answers in the duty's order. An answer that comes later changes nobody's order. Two queries."""
    keys = list(Answer.objects.filter(topic=duty.topic_bank.topic_id).values_list("pk", flat=True))
    keys.sort(key=lambda pk: hashlib.sha256(f"{duty.pk}:{pk}".encode()).digest())
    own = _own_labels(duty, nuggets).values("answer").annotate(labels=Count("pk")).values_list("answer", "labels")
    labels = dict(own.order_by())
    wanted = len(nuggets.nuggets)
    return [QueuedAnswer(pk, number, wanted - labels.get(pk, 0)) for number, pk in enumerate(keys, 1)]


def answer_sheet(duty: NuggetDuty, nuggets: ScoredList, queued: QueuedAnswer) -> AnswerSheet:
    """One answer of the queue, with its nuggets and what this person has said of them. Three queries, four where
    suggestions are shown."""
    answer = Answer.objects.get(pk=queued.pk)
    own = {one.wording_id: one for one in _own_labels(duty, nuggets).filter(answer=answer)}
    suggested = shown_suggestions(duty, answer.pk, [one.wording for one in nuggets.nuggets])
    before = _before(duty, nuggets, answer)
    lines = []
    for number, nugget in enumerate(nuggets.nuggets, 1):
        importance = "" if duty.hides_importance else nugget.importance
        line = Line(nugget.wording, number, nugget.text, importance, before=before.get(nugget.wording))
        line.suggestion = suggested.get(nugget.wording, "")
        if nugget.wording in own:
            line.label, line.sentence = own[nugget.wording].label, own[nugget.wording].sentence
            line.before = None
        lines.append(line)
    return AnswerSheet(answer, queued.number, cited_sentences(answer), lines)


def cited_sentences(answer: Answer) -> list[CitedSentence]:
    """The sentences as the file had them; of a mere text, as its end marks have them."""
    if not answer.sentences:
        return [CitedSentence(text, []) for text in split_sentences(answer.text)]
    number_of: dict[str, int] = {}
    for number, docid in enumerate(answer.references, 1):
        number_of.setdefault(docid, number)
    return [
        CitedSentence(
            one["text"], [number_of[each["docid"]] for each in one["citations"] if each["docid"] in number_of]
        )
        for one in answer.sentences
    ]


def _places(citations: list[dict], number_of: dict[str, int]) -> list[int]:
    return [number_of[each["docid"]] for each in citations if each["docid"] in number_of]


def shown_suggestions(duty: NuggetDuty, answer: int, wordings: list[int]) -> dict[int, str]:
    """The source's labels by wording; nothing, and no query, where the duty shows none."""
    if duty.condition != Condition.POST_EDIT or duty.suggestion_source_id is None:
        return {}
    said = NuggetAssignment.objects.filter(assessor=duty.suggestion_source_id, answer=answer, wording__in=wordings)
    return dict(said.values_list("wording", "label"))


def is_listed(topic_bank: TopicBank | int, wording: int) -> bool:
    """Whether the wording is on the list that is scored: of the latest frozen version, or current. Two queries."""
    version = BankVersion.objects.filter(topic_bank=topic_bank).order_by("-number").values_list("pk", flat=True).first()
    if version is not None:
        return VersionNugget.objects.filter(version=version, wording=wording).exists()
    current = Wording.objects.filter(nugget__topic_bank=topic_bank, nugget__retired_at=None, current=True)
    return current.filter(pk=wording).exists()


def _own_labels(duty: NuggetDuty, nuggets: ScoredList):
    return NuggetAssignment.objects.filter(
        assessor=duty.assessor_id,
        answer__topic=duty.topic_bank.topic_id,
        wording__in=[one.wording for one in nuggets.nuggets],
    )


def _before(duty: NuggetDuty, nuggets: ScoredList, answer: Answer) -> dict[int, tuple[str, str]]:
    """By listed wording, what was said last of another wording of the same nugget."""
    listed = [one.wording for one in nuggets.nuggets]
    earlier = NuggetAssignment.objects.filter(
        assessor=duty.assessor_id, answer=answer, wording__nugget__wordings__in=listed
    ).exclude(wording__in=listed)
    rows = earlier.order_by("updated_at", "pk").values_list("wording__nugget__wordings", "wording__text", "label")
    return {wording: (text, label) for wording, text, label in rows if wording in set(listed)}
