"""What is seen of an adjudication: the list, the desk's pairs, and one pair with everything that was said of it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from assessment.domain.adjudication import CAUSE_KEYS, NOTE_KEY, lettered, take_over_key
from assessment.domain.scales import RESERVED_KEYS
from assessment.models import (
    Adjudication,
    Assessor,
    Condition,
    Document,
    Grade,
    Judgment,
    JudgmentEvent,
    JudgmentState,
    Role,
    Topic,
    Track,
    User,
)
from assessment.selectors.adjudication_standing import PLACES, Counts, PairStanding, counts_of, pair_standings

EARLIER = 6
_BY_PEOPLE = (Condition.MANUAL, Condition.FILTERED, Condition.POST_EDIT)


class AdjudicationRow(NamedTuple):
    """One adjudication with its sources by name, and how far it is."""

    adjudication: Adjudication
    sources: list[Assessor]
    counts: Counts


class Said(NamedTuple):
    """What one source says of a pair. `name` is empty where it is hidden; `key` takes its grade over, if it has one.

    `tells`: whether its condition and the suggestion that it saw may be shown; with hidden names only where they give
    nobody away as a machine or a file.
    """

    letter: str
    name: str
    key: str
    judgment: Judgment
    tells: bool


class Pair(NamedTuple):
    """One pair, ready to show. `decision` is the result's judgment, None while there is none; `history` its events,
    oldest first; `earlier` the latest decisions on the same topic, with their documents."""

    topic: Topic
    document: Document
    standing: PairStanding
    said: list[Said]
    decision: Judgment | None
    history: list[JudgmentEvent]
    earlier: list[Judgment]


class ColumnPair(NamedTuple):
    """One line of the column: a pair of the topic with its number and its document's title."""

    number: int
    standing: PairStanding
    title: str


class TopicProgress(NamedTuple):
    """One topic: how many of its disagreements are decided, and the pair to begin with."""

    topic: Topic
    done: int
    total: int
    first: PairStanding


def adjudications_of_track(track: Track) -> list[AdjudicationRow]:
    """Every adjudication of the track, newest first. Three queries."""
    return _rows(Adjudication.objects.filter(result__track=track))


def adjudications_of_user(user: User) -> list[AdjudicationRow]:
    """What this person has to adjudicate, where the role still stands. Three queries at most."""
    mine = Adjudication.objects.filter(adjudicator=user)
    if not user.is_staff:
        roles = Q(role__in=[Role.ORGANIZER, Role.ASSESSOR])
        mine = mine.filter(result__track__in=user.memberships.filter(roles).values("track"))
    return _rows(mine)


def _rows(adjudications) -> list[AdjudicationRow]:
    listed = list(adjudications.select_related("result__track", "pool", "adjudicator").prefetch_related("sources"))
    counts = counts_of(listed) if listed else {}
    return [AdjudicationRow(one, list(one.sources.all()), counts[one.pk]) for one in listed]


def is_open(standing: PairStanding) -> bool:
    return standing.place in ("open", "later")


def next_pair(standings: Sequence[PairStanding], after: tuple[int, int] | None = None) -> PairStanding | None:
    """The pair to decide next: the first open one after `after` (keys of topic and document), else the first open one,
    else one that was put off, else a decision whose sources have changed; None when everything is done."""
    places = {(one.topic_id, one.document_id): place for place, one in enumerate(standings)}
    here = places.get(after, -1) if after else -1
    onwards = [*standings[here + 1 :], *standings[: here + 1]]
    for wanted in ("open", "later", "stale"):
        for one in onwards:
            if one.place == wanted and (one.topic_id, one.document_id) != after:
                return one
    return next((one for one in standings if is_open(one)), None)


def topic_progress(standings: Iterable[PairStanding], topics: dict[int, Topic]) -> list[TopicProgress]:
    """How far each topic is, in their order, with the pair to begin with. No query."""
    by_topic: dict[int, list[PairStanding]] = {}
    for one in standings:
        by_topic.setdefault(one.topic_id, []).append(one)
    return [
        TopicProgress(topics[key], sum(not is_open(one) for one in pairs), len(pairs), next_pair(pairs) or pairs[0])
        for key, pairs in by_topic.items()
    ]


def pair_column(standings: Iterable[PairStanding], topic: int) -> list[ColumnPair]:
    """The pairs of a topic, numbered from 1. One query."""
    own = [one for one in standings if one.topic_id == topic]
    keys = [one.document_id for one in own]
    titles = {pk: title or docid for pk, title, docid in _titles(keys)}
    return [ColumnPair(number, one, titles[one.document_id]) for number, one in enumerate(own, 1)]


def _titles(keys: list[int]):
    return Document.objects.filter(pk__in=keys).values_list("pk", "title", "docid")


def pair_of(
    adjudication: Adjudication, topic: int, document: int, *, names: bool, scale: Iterable[Grade]
) -> Pair | None:
    """A pair with its context; None where it is none of the adjudication's. Four queries, however much was said.

    `names`: whether the sources' names are shown. `scale`: the track's grades, whose keys go before others.
    """
    found = pair_standings(adjudication, topic=topic, document=document, places=PLACES)
    if not found:
        return None
    of_pair = {"topic": topic, "document": document}
    sources = Adjudication.sources.through.objects.filter(adjudication=adjudication.pk).values("assessor")
    given = Judgment.objects.filter(Q(assessor=adjudication.result_id) | Q(assessor__in=sources), **of_pair)
    judgments = list(given.select_related("assessor", "topic", "document"))
    own = [one for one in judgments if one.assessor_id == adjudication.result_id]
    heard = [one for one in judgments if one not in own and one.state != JudgmentState.SKIPPED]
    events = JudgmentEvent.objects.filter(assessor=adjudication.result_id, **of_pair).select_related("actor")
    return Pair(
        judgments[0].topic,
        judgments[0].document,
        found[0],
        _said(adjudication, heard, names, scale),
        own[0] if own else None,
        list(events.order_by("pk")),
        _earlier(adjudication, topic, document),
    )


def _said(adjudication: Adjudication, heard: list[Judgment], names: bool, scale: Iterable[Grade]) -> list[Said]:
    """What the sources say, in the order of the letters, which says nothing of who they are."""
    if not heard:
        return []
    pair = (adjudication.pk, heard[0].topic_id, heard[0].document_id)
    letters = lettered([one.assessor_id for one in heard], pair, settings.SECRET_KEY.encode())
    taken = {grade.key.lower() for grade in scale} | RESERVED_KEYS | {NOTE_KEY, *CAUSE_KEYS.values()}
    by_people = all(one.condition in _BY_PEOPLE for one in heard)
    rows = []
    for one in sorted(heard, key=lambda one: letters[one.assessor_id]):
        letter = letters[one.assessor_id]
        key = take_over_key(letter, taken) if one.grade is not None else ""
        rows.append(Said(letter, one.assessor.name if names else "", key, one, names or by_people))
    return rows


def _earlier(adjudication: Adjudication, topic: int, document: int) -> list[Judgment]:
    decided = Judgment.objects.filter(assessor=adjudication.result_id, topic=topic).exclude(document=document)
    decided = decided.exclude(condition=Condition.AUTOMATIC).exclude(state=JudgmentState.SKIPPED)
    return list(decided.select_related("document").order_by("-updated_at")[:EARLIER])


def latest_decision(adjudication: Adjudication) -> tuple[int, int] | None:
    """The pair that was decided, or put off, last: keys of topic and document. One query."""
    decided = Judgment.objects.filter(assessor=adjudication.result_id).exclude(condition=Condition.AUTOMATIC)
    return decided.order_by("-updated_at", "-pk").values_list("topic", "document").first()
