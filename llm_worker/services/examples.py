"""The graded pairs that a judge's prompt shows: drawn once in a track, of other topics than the one being judged.

Whose grades they are is part of the judge's configuration (`examples_from`). A grade that this assessor never gave has
no example, and a rare one has fewer; what was shown is kept with every call, in `inputs`.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Document, Judgment, JudgmentState, Topic, Track
from llm_worker.job_kinds.texts import passage_text, topic_text
from llm_worker.models import JudgeConfiguration, JudgeExamples

FEWEST_TOPICS = 2


class Drawn(NamedTuple):
    """A drawn pair by its names."""

    qid: str
    docid: str
    grade: int


class GradedText(NamedTuple):
    """A drawn pair with its texts: all that its topic says, the document's title and text."""

    qid: str
    docid: str
    grade: int
    query: str
    passage: str


class ShownExamples(NamedTuple):
    """A judge's examples in a track with their texts, and how many of each grade a prompt shows."""

    drawn: list[GradedText]
    per_grade: int

    def of(self, qid: str) -> list[GradedText]:
        """What the prompt about a passage of topic `qid` shows."""
        return examples_for(self.drawn, qid, self.per_grade)


def examples_draw(*, judge: JudgeConfiguration, track: Track) -> JudgeExamples:
    """The judge's examples in this track, drawn at the first call and never again.

    Raises DomainError where the assessor is not there, is the judge itself, or has too few grades.
    """
    stored = JudgeExamples.objects.filter(judge=judge, track=track).first()
    if stored:
        return stored
    source, drawn = _drawn_now(judge, track)
    with transaction.atomic():
        examples, _ = JudgeExamples.objects.get_or_create(
            judge=judge, track=track, defaults={"drawn_from": source, "drawn": [list(pair) for pair in drawn]}
        )
    return examples


def examples_shown(*, judge: JudgeConfiguration, track: Track) -> ShownExamples:
    """The stored examples with their texts, or, while nothing is stored, those that would be drawn; stores nothing."""
    stored = JudgeExamples.objects.filter(judge=judge, track=track).first()
    drawn = [Drawn(*pair) for pair in stored.drawn] if stored else _drawn_now(judge, track)[1]
    return ShownExamples(_with_texts(drawn, track), judge.examples_per_grade)


def examples_for(drawn: Sequence[GradedText], qid: str, per_grade: int) -> list[GradedText]:
    """For each grade the first `per_grade` pairs of other topics than `qid`, in rounds over the grades, ascending."""
    by_grade: dict[int, list[GradedText]] = defaultdict(list)
    for pair in drawn:
        if pair.qid != qid and len(by_grade[pair.grade]) < per_grade:
            by_grade[pair.grade].append(pair)
    rounds = range(per_grade)
    return [by_grade[grade][place] for place in rounds for grade in sorted(by_grade) if place < len(by_grade[grade])]


def examples_caveat(judge: JudgeConfiguration) -> str:
    """What everybody who compares this judge must know: whose grades its prompt has seen; "" where it shows none."""
    if not judge.examples_per_grade:
        return ""
    return f"Its prompt shows grades of {judge.examples_from}: agreement with these is not independent."


def draw_examples(graded: Iterable[Drawn], *, seed: int, per_grade: int) -> list[Drawn]:
    """For each grade, ascending, so many pairs that any topic finds `per_grade` of others, where there are as many.

    The same seed and pairs give the same draw. Topics take turns, so that one with many grades does not speak for all.
    """
    chance = random.Random(seed)
    by_grade: dict[int, list[Drawn]] = defaultdict(list)
    for pair in sorted(graded):
        by_grade[pair.grade].append(pair)
    drawn: list[Drawn] = []
    for grade in sorted(by_grade):
        chance.shuffle(by_grade[grade])
        drawn += _enough(_in_turns(by_grade[grade]), per_grade)
    return drawn


def _in_turns(pairs: Sequence[Drawn]) -> list[Drawn]:
    turns: Counter[str] = Counter()
    placed = []
    for place, pair in enumerate(pairs):
        placed.append((turns[pair.qid], place, pair))
        turns[pair.qid] += 1
    return [pair for _, _, pair in sorted(placed)]


def _enough(pairs: Sequence[Drawn], per_grade: int) -> list[Drawn]:
    """The shortest beginning that has `per_grade` pairs of other topics, whichever topic is left out."""
    of_topic: Counter[str] = Counter()
    for count, pair in enumerate(pairs, start=1):
        of_topic[pair.qid] += 1
        if count - max(of_topic.values()) >= per_grade:
            return list(pairs[:count])
    return list(pairs)


def _drawn_now(judge: JudgeConfiguration, track: Track) -> tuple[Assessor, list[Drawn]]:
    source = _source(judge, track)
    graded = (
        Judgment.objects.filter(assessor=source, state=JudgmentState.GRADED, vigilance=False)
        .filter(document__text__isnull=False)
        .exclude(document__text="")
        .values_list("topic__qid", "document__docid", "grade")
    )
    drawn = draw_examples((Drawn(*row) for row in graded), seed=judge.examples_seed, per_grade=judge.examples_per_grade)
    if len({pair.qid for pair in drawn}) < FEWEST_TOPICS:
        raise DomainError(
            f"{judge.name} shows examples of other topics: {source.name} must have graded passages with text in at "
            f"least {FEWEST_TOPICS} topics of {track.slug}, and has not yet."
        )
    return source, drawn


def _source(judge: JudgeConfiguration, track: Track) -> Assessor:
    if not judge.examples_per_grade:
        raise DomainError(f"{judge.name} shows no examples.")
    if judge.examples_from == judge.name:
        raise DomainError(f"{judge.name} would learn from its own grades: choose examples of somebody else.")
    source = Assessor.objects.filter(track=track, name=judge.examples_from).first()
    if source is None:
        known = ", ".join(track.assessors.exclude(name=judge.name).values_list("name", flat=True)) or "none yet"
        raise DomainError(
            f"{judge.name} shows grades of {judge.examples_from}, who is no assessor of {track.slug}; "
            f"there are: {known}."
        )
    return source


def _with_texts(drawn: Sequence[Drawn], track: Track) -> list[GradedText]:
    """Raises DomainError where a stored pair has lost its topic or its text: the prompt would not be the same."""
    topics = {
        topic.qid: topic_text(topic) for topic in Topic.objects.filter(track=track, qid__in={p.qid for p in drawn})
    }
    documents = Document.objects.filter(collection=track.collection_id, docid__in={pair.docid for pair in drawn})
    texts = {document.docid: passage_text(document) for document in documents if document.text}
    lost = [pair for pair in drawn if pair.qid not in topics or pair.docid not in texts]
    if lost:
        raise DomainError(
            f"The example {lost[0].docid} of topic {lost[0].qid} has lost its text; the judge's prompt needs it."
        )
    return [GradedText(*pair, topics[pair.qid], texts[pair.docid]) for pair in drawn]
