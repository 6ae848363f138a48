"""Several assessors' labels made into one set: what they agree on is taken over, a person decides the rest.

The set is the judgments of an assessor of its own, the adjudication's `result`, so that qrels, agreement and
leaderboards work with it at once. How a pair stands is said in `selectors/adjudication_standing.py`.
"""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import (
    Adjudication,
    Assessor,
    Condition,
    Grade,
    Judgment,
    JudgmentEvent,
    JudgmentState,
    Membership,
    Pool,
    Role,
    Track,
    User,
)
from assessment.selectors.adjudication_standing import PLACES, STANDING, PairStanding, pair_standings, standing_of

# Under the lock nothing comes between what is read and what is written, so nothing is joined with what was written.
_WITHDRAW = f"""
WITH {STANDING},
outdated AS MATERIALIZED (
    SELECT topic_id, document_id, judgment_id, state, grade FROM standing
    WHERE taken AND (sources = 0 OR lowest <> highest OR lowest <> grade)
),
withdrawn AS (
    DELETE FROM assessment_judgment WHERE id IN (SELECT judgment_id FROM outdated)
)
INSERT INTO assessment_judgmentevent (assessor_id, topic_id, document_id, kind, state, previous_state, previous_grade,
    actor_id, idempotency_key, at)
SELECT %(result)s, topic_id, document_id, 'undone', '', state, grade, %(actor)s, gen_random_uuid(), now()
FROM outdated
"""
_TAKE_OVER = f"""
WITH {STANDING},
wanted AS MATERIALIZED (
    SELECT topic_id, document_id, place, state, lowest, shares FROM standing
    WHERE (place = 'agreed' OR place = 'single' AND %(singles)s) AND state IN ('', 'skipped')
),
taken AS (
    INSERT INTO assessment_judgment (assessor_id, topic_id, document_id, state, grade, condition,
        distribution, iteration, note, reason, created_at, updated_at)
    SELECT %(result)s, topic_id, document_id, 'graded', lowest, 'automatic', shares, '', '', '', now(), now()
    FROM wanted
    ON CONFLICT (assessor_id, topic_id, document_id, vigilance) DO UPDATE
    SET state = 'graded', grade = excluded.grade, condition = 'automatic', distribution = excluded.distribution,
        updated_at = now()
),
events AS (
    INSERT INTO assessment_judgmentevent (assessor_id, topic_id, document_id, kind, state, grade, previous_state,
        actor_id, idempotency_key, at)
    SELECT %(result)s, topic_id, document_id, 'taken_over', 'graded', lowest, state, %(actor)s, gen_random_uuid(),
        now()
    FROM wanted
)
SELECT count(*) FILTER (WHERE place = 'agreed'), count(*) FILTER (WHERE place = 'single') FROM wanted
"""


class TakenOver(NamedTuple):
    """What a take-over did: agreed pairs and singles that are new in the result, and labels withdrawn from it because
    the sources do not say so any more."""

    agreed: int
    singles: int
    withdrawn: int


class Decision(NamedTuple):
    """What a decision or an undo left behind. `state` is empty when the pair is undecided after it."""

    state: str
    grade: int | None
    repeated: bool


@transaction.atomic
def adjudication_create(
    *,
    track: Track,
    name: str,
    sources: Sequence[Assessor],
    adjudicator: User,
    pool: Pool | None = None,
    hide_names: bool = True,
    singles: bool = False,
    own_labels: bool = False,
    by: User | None = None,
) -> tuple[Adjudication, TakenOver]:
    """Makes the adjudication and takes over at once what its sources agree on.

    `singles`: also what only one source graded. `own_labels`: the adjudicator may be one of the sources. `by` is kept
    in the history of what was taken over; the adjudicator, where nobody is named. Raises DomainError, and then
    nothing is stored.
    """
    Track.objects.select_for_update().get(pk=track.pk)  # two of one name wait for each other
    name = name.strip()
    _check_name(track, name)
    sources = list({source.pk: source for source in sources}.values())
    _check_sources(track, sources)
    if pool is not None and pool.track_id != track.pk:
        raise DomainError(f"The pool {pool.name} is not of this track.")
    _check_adjudicator(track, adjudicator, sources, own_labels)
    result = Assessor.objects.create(
        track=track, kind=Assessor.Kind.ADJUDICATED, name=name, caveat=_caveat(sources, adjudicator)
    )
    adjudication = Adjudication.objects.create(
        result=result, pool=pool, adjudicator=adjudicator, hide_names=hide_names, created_by=by
    )
    adjudication.sources.set(sources)
    return adjudication, _take_over(adjudication, by or adjudicator, singles)


@transaction.atomic
def adjudication_refresh(*, adjudication: Adjudication, by: User, singles: bool = False) -> TakenOver:
    """Takes over what the sources agree on since the last time; a person's decision is never touched.

    A label that was taken over, and that the sources do not all give any more, is withdrawn first.
    """
    _lock(adjudication)
    return _take_over(adjudication, by, singles)


@transaction.atomic
def adjudication_decide(
    *,
    adjudication: Adjudication,
    topic: int,
    document: int,
    grade: int | None,
    idempotency_key: UUID,
    actor: User,
    state: str = JudgmentState.GRADED,
    note: str = "",
    reason: str = "",
    active_ms: int | None = None,
    away_ms: int | None = None,
) -> Decision:
    """Stores what the adjudicator decides on a pair (keys of topic and document), with its history.

    `reason`: the cause of the disagreement. Note and reason replace those that stood. Times are milliseconds of this
    visit; the judgment sums them. A repeated key changes nothing. Raises DomainError, and then nothing is stored.
    """
    _check_decision(adjudication, actor, state, grade, note, reason)
    _lock(adjudication)
    earlier = _earlier(adjudication, topic, document, idempotency_key)
    if earlier is not None:
        if (earlier.state, earlier.grade) != (state, grade):
            raise DomainError(
                "This page has saved a decision already. Look at the pair as it stands, and decide again."
            )
        return Decision(earlier.state, earlier.grade, repeated=True)
    standing = _standing(adjudication, topic, document)
    decided = {"state": state, "grade": grade, "condition": "", "distribution": _shares(standing)}
    decided |= {"note": note.strip(), "reason": reason.strip()}
    _write(adjudication, standing, decided, active_ms, away_ms)
    kind = JudgmentEvent.Kind.RECORDED
    _remember(adjudication, standing, kind, state, grade, idempotency_key, actor, active_ms, away_ms)
    return Decision(state, grade, repeated=False)


@transaction.atomic
def adjudication_undo(
    *, adjudication: Adjudication, topic: int, document: int, idempotency_key: UUID, actor: User
) -> Decision:
    """Takes back the latest decision on a pair: what stood before it stands again, or the pair is undecided.

    What was taken over cannot be undone, only decided otherwise. Raises DomainError when there is nothing to undo.
    """
    _check_actor(adjudication, actor)
    _lock(adjudication)
    earlier = _earlier(adjudication, topic, document, idempotency_key)
    if earlier is not None:
        return Decision(earlier.state, earlier.grade, repeated=True)
    stack = _stack(adjudication, topic, document)
    if not stack or stack[-1].kind != JudgmentEvent.Kind.RECORDED:
        raise DomainError("There is no decision to undo on this pair.")
    standing = _standing(adjudication, topic, document)
    state, grade = stack[-1].previous_state, stack[-1].previous_grade
    if state:
        taken = len(stack) > 1 and stack[-2].kind == JudgmentEvent.Kind.TAKEN_OVER
        condition = Condition.AUTOMATIC if taken else ""
        before = {"state": state, "grade": grade, "condition": condition, "distribution": _shares(standing)}
        _write(adjudication, standing, before, None, None)
    else:
        Judgment.objects.filter(pk=standing.judgment_id).delete()
    _remember(adjudication, standing, JudgmentEvent.Kind.UNDONE, state, grade, idempotency_key, actor)
    return Decision(state, grade, repeated=False)


def _check_name(track: Track, name: str) -> None:
    longest = Assessor._meta.get_field("name").max_length
    if not name or len(name) > longest:
        raise DomainError(f"An adjudication needs a name of at most {longest} characters: its labels are called so.")
    stored = track.assessors.filter(name=name).first()
    if stored:
        raise DomainError(f"{name} is another assessor here ({stored.get_kind_display()}); choose another name.")
    if track.memberships.filter(user__username=name).exists():
        raise DomainError(f"{name} is a person of this track; choose another name for what is decided.")


def _check_sources(track: Track, sources: list[Assessor]) -> None:
    if len(sources) < 2:
        raise DomainError("There is something to adjudicate between two assessors at least: choose two.")
    strangers = [source.name for source in sources if source.track_id != track.pk]
    if strangers:
        raise DomainError(f"Not of this track: {', '.join(strangers)}.")
    graded = Judgment.objects.filter(assessor__in=sources, state=JudgmentState.GRADED)
    known = set(graded.values_list("assessor", flat=True).distinct())
    silent = [source.name for source in sources if source.pk not in known]
    if silent:
        raise DomainError(f"Nothing is graded yet by {', '.join(silent)}: leave out who has no labels.")


def _check_adjudicator(track: Track, adjudicator: User, sources: Iterable[Assessor], own_labels: bool) -> None:
    may = Membership.objects.filter(track=track, user=adjudicator, role__in=[Role.ORGANIZER, Role.ASSESSOR])
    if not may.exists():
        raise DomainError(
            f"{adjudicator.username} is neither organizer nor assessor of this track and cannot adjudicate in it."
        )
    if not own_labels and any(source.user_id == adjudicator.pk for source in sources):
        raise DomainError(
            f"{adjudicator.username} is one of the sources and would decide on the own labels. "
            "Name somebody else, or say that this is meant."
        )


def _caveat(sources: Iterable[Assessor], adjudicator: User) -> str:
    longest = Assessor._meta.get_field("caveat").max_length
    names = ", ".join(source.name for source in sources)
    said = f"Decided by {adjudicator.username} where {{}} differ; agreement with these is high by construction."
    full = said.format(names)
    return full if len(full) <= longest else said.format("the sources")[:longest]


def _check_actor(adjudication: Adjudication, actor: User) -> None:
    if adjudication.adjudicator_id != actor.pk:
        raise DomainError("Only the adjudicator who was named decides.")


def _check_decision(
    adjudication: Adjudication, actor: User, state: str, grade: int | None, note: str, reason: str
) -> None:
    _check_actor(adjudication, actor)
    if state not in JudgmentState.values:
        raise DomainError(f"There is no state “{state}” of a judgment.")
    if (state == JudgmentState.GRADED) != (grade is not None):
        raise DomainError("Give a grade, or put the pair off, or say that it can't be judged: one of them.")
    if state == JudgmentState.UNJUDGEABLE and not (note.strip() or reason.strip()):
        raise DomainError("Say why this passage can't be judged: choose a cause, or write a note.")
    scale = Grade.objects.filter(track=adjudication.result.track_id).order_by("value").values_list("value", flat=True)
    if grade is not None and grade not in scale:
        raise DomainError(f"{grade} is not on this track's scale ({', '.join(map(str, scale))}).")


def _lock(adjudication: Adjudication) -> None:
    """One change at a time: two tabs wait for each other, and a take-over for a decision."""
    Adjudication.objects.select_for_update(of=("self",)).get(pk=adjudication.pk)


def _take_over(adjudication: Adjudication, actor: User, singles: bool) -> TakenOver:
    parameters = standing_of([adjudication])
    parameters |= {"result": adjudication.result_id, "actor": actor.pk, "singles": singles}
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, parameters)
        withdrawn = cursor.rowcount
        cursor.execute(_TAKE_OVER, parameters)
        agreed, alone = cursor.fetchone()
    return TakenOver(agreed, alone, withdrawn)


def _earlier(adjudication: Adjudication, topic: int, document: int, key: UUID) -> JudgmentEvent | None:
    """The event that used this key before. Raises DomainError when it was about something else."""
    event = JudgmentEvent.objects.filter(idempotency_key=key).first()
    pair = (adjudication.result_id, topic, document)
    if event is not None and (event.assessor_id, event.topic_id, event.document_id) != pair:
        raise DomainError("This page has saved another decision already. Reload it and decide again.")
    return event


def _standing(adjudication: Adjudication, topic: int, document: int) -> PairStanding:
    found = pair_standings(adjudication, topic=topic, document=document, places=PLACES)
    if not found:
        raise DomainError("This passage is not part of the adjudication: none of its sources graded it.")
    return found[0]


def _shares(standing: PairStanding) -> dict | None:
    return standing.shares and json.loads(standing.shares)


def _write(
    adjudication: Adjudication, standing: PairStanding, decided: dict, active_ms: int | None, away_ms: int | None
) -> None:
    times = {name: ms for name, ms in (("active_ms", active_ms), ("away_ms", away_ms)) if ms is not None}
    if standing.judgment_id is None:
        pair = {"topic_id": standing.topic_id, "document_id": standing.document_id}
        Judgment.objects.create(assessor_id=adjudication.result_id, **pair, **decided, **times)
        return
    sums = {name: Coalesce(F(name), Value(0)) + ms for name, ms in times.items()}
    Judgment.objects.filter(pk=standing.judgment_id).update(**decided, **sums, updated_at=timezone.now())


def _remember(
    adjudication: Adjudication,
    standing: PairStanding,
    kind: str,
    state: str,
    grade: int | None,
    key: UUID,
    actor: User,
    active_ms: int | None = None,
    away_ms: int | None = None,
) -> None:
    JudgmentEvent.objects.create(
        assessor_id=adjudication.result_id,
        topic_id=standing.topic_id,
        document_id=standing.document_id,
        kind=kind,
        state=state,
        grade=grade,
        previous_state=standing.state,
        previous_grade=standing.grade,
        active_ms=active_ms,
        away_ms=away_ms,
        actor=actor,
        idempotency_key=key,
    )


def _stack(adjudication: Adjudication, topic: int, document: int) -> list[JudgmentEvent]:
    """What was said of the pair and not taken back since, oldest first."""
    stack: list[JudgmentEvent] = []
    events = JudgmentEvent.objects.filter(assessor=adjudication.result_id, topic=topic, document=document)
    for event in events.order_by("pk"):
        if event.kind != JudgmentEvent.Kind.UNDONE:
            stack.append(event)
        elif stack:
            stack.pop()
    return stack
