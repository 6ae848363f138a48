"""Labels come in here, whoever gives them: people through the judging page, judges through the worker.

A save is one read and two writes. Instead of holding a lock, the write says which state it was based on; whoever
was overtaken by another save of the same pair reads again (`_insist`). A repeated idempotency key changes nothing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.domain.evidence import checked_spans
from assessment.models import (
    Assessor,
    Condition,
    Duty,
    Grade,
    Judgment,
    JudgmentEvent,
    JudgmentState,
    PoolItem,
    User,
)
from assessment.selectors.judging import DONE, Progress, is_served
from assessment.selectors.standing import Own, Standing, pair_standing
from assessment.services.leases import lease_return, seat_take
from assessment.services.sight import save_sight

ATTEMPTS = 5


class Outcome(NamedTuple):
    """What a save or an undo left behind. `state` is empty when the pair is unjudged after it. `reveals`: the grade
    brings a suggestion into sight, so the assessor stays with the passage."""

    state: str
    grade: int | None
    progress: Progress
    repeated: bool
    reveals: bool = False


class Label(NamedTuple):
    """What a judge says of one pair; `distribution` maps grades, as text, to probabilities."""

    topic_id: int
    document_id: int
    grade: int
    confidence: float | None = None
    distribution: dict | None = None


class _Overtaken(Exception):
    """Another save of the same pair came between our read and our write."""


def judgment_record(
    *,
    duty: Duty,
    item: PoolItem | int,
    grade: int | None,
    idempotency_key: UUID,
    actor: User,
    active_ms: int | None = None,
    away_ms: int | None = None,
    accepted: bool = False,
    state: str = JudgmentState.GRADED,
    note: str | None = None,
    evidence: list | None = None,
    reason: str = "",
    suggestion_seen: bool = True,
) -> Outcome:
    """Stores what the duty's assessor says of a passage, with its history.

    `item`: the pool item or its key. `accepted`: the grade is the visible suggestion, taken over. `suggestion_seen`
    is False when the page was shown before the suggestion came: the duty's policy would allow it, and yet nobody saw
    it (commit, then reveal keeps its own record, see services/sight.py). Times are milliseconds of this visit; the
    judgment sums them. `note`, `evidence` (spans as domain/evidence.py has them): None leaves what is there. Raises
    DomainError, and then nothing is stored.
    """
    _check_request(duty, actor, state, grade, reason)

    def once() -> Outcome:
        standing = _standing(duty, item, idempotency_key, grade, evidence is not None)
        if standing.earlier:
            return _stored(standing, duty)
        if grade is not None and not standing.in_scale:
            raise _not_in_scale(duty, grade)
        sight = save_sight(duty, standing, grade, (active_ms or 0) + (away_ms or 0), suggestion_seen)
        if accepted and not (sight.acceptable and sight.grade == grade):
            raise DomainError("There is no suggestion with this grade in sight to accept. Give the grade yourself.")
        if _needs_a_seat(duty, standing, state):
            seat_take(duty=duty, item=standing.item_id)
        judged = {"state": state, "grade": grade, "condition": duty.condition, **sight.record}
        judged |= _noted(standing, note, evidence)
        if reason:  # a later grade leaves it, so that undoing that grade gives it back
            judged["reason"] = reason
        _write(duty, standing, judged, active_ms, away_ms)
        kind = JudgmentEvent.Kind.ACCEPTED if accepted else JudgmentEvent.Kind.RECORDED
        outcome = _remember(
            duty, standing, kind, state, grade, idempotency_key, actor,
            suggestion_grade=sight.grade, active_ms=active_ms, away_ms=away_ms,
        )  # fmt: skip
        return outcome._replace(reveals=sight.reveals)

    return _insist(once)


def judgment_undo(*, duty: Duty, item: PoolItem | int, idempotency_key: UUID, actor: User) -> Outcome:
    """Takes back the latest grade of a passage: what stood before it stands again, or the pair is unjudged.

    Undoing again goes one step further back. Raises DomainError when there is nothing to take back.
    """
    _check_actor(duty, actor)
    _check_open(duty)

    def once() -> Outcome:
        standing = _standing(duty, item, idempotency_key, None)
        if standing.earlier:
            return _stored(standing, duty)
        latest = _latest_not_undone(duty, standing)
        if standing.own is None or latest is None:
            raise DomainError("There is nothing to undo on this passage.")
        state, grade = latest.previous_state, latest.previous_grade
        if state:
            _write(duty, standing, {"state": state, "grade": grade}, None, None)
        elif not _same_judgment(standing.own).delete()[0]:
            raise _Overtaken
        elif is_served(duty):
            lease_return(duty=duty, item=standing.item_id)
        return _remember(
            duty, standing, JudgmentEvent.Kind.UNDONE, state, grade, idempotency_key, actor,
            suggestion_grade=standing.own.shown_grade,
        )  # fmt: skip

    return _insist(once)


def judgment_annotate(
    *,
    duty: Duty,
    item: PoolItem | int,
    idempotency_key: UUID,
    actor: User,
    note: str | None = None,
    evidence: list | None = None,
) -> Outcome:
    """Changes the note or the evidence of a judgment, whose grade stands as it is; None leaves what is there.

    Raises DomainError for a passage that is not judged yet: what was noted then comes with its grade.
    """
    _check_actor(duty, actor)
    _check_open(duty)

    def once() -> Outcome:
        standing = _standing(duty, item, idempotency_key, None, evidence is not None)
        if standing.earlier:
            return _stored(standing, duty)
        own = standing.own
        if own is None:
            raise DomainError("A note or evidence is stored with a judgment: grade the passage, or put it off.")
        _write(duty, standing, _noted(standing, note, evidence), None, None)
        return _remember(duty, standing, JudgmentEvent.Kind.NOTED, own.state, own.grade, idempotency_key, actor)

    return _insist(once)


def judge_judgment_record(
    *,
    assessor: Assessor,
    topic_id: int,
    document_id: int,
    grade: int,
    confidence: float | None = None,
    distribution: dict | None = None,
) -> Judgment:
    """Stores a judge's label. A pair that it has labelled keeps its label, so a task that runs twice is harmless."""
    if assessor.kind != Assessor.Kind.LLM:
        raise DomainError(f"{assessor.name} is not a judge.")
    judgment, _ = Judgment.objects.get_or_create(
        assessor=assessor,
        topic_id=topic_id,
        document_id=document_id,
        defaults={
            "grade": grade,
            "condition": Condition.AUTOMATIC,
            "confidence": confidence,
            "distribution": distribution,
        },
    )
    return judgment


def judge_judgments_record(*, assessor: Assessor, labels: Sequence[Label]) -> None:
    """The same for many pairs at once."""
    if assessor.kind != Assessor.Kind.LLM:
        raise DomainError(f"{assessor.name} is not a judge.")
    Judgment.objects.bulk_create(
        [Judgment(assessor=assessor, condition=Condition.AUTOMATIC, **label._asdict()) for label in labels],
        ignore_conflicts=True,
        batch_size=1000,
    )


def _check_actor(duty: Duty, actor: User) -> None:
    if duty.assessor.user_id != actor.pk:
        raise DomainError("Nobody judges in another person's name.")


def _check_open(duty: Duty) -> None:
    if duty.closed_at is not None:
        raise DomainError("The organizer has closed this topic: it can be read, but not judged any more.")


def _check_request(duty: Duty, actor: User, state: str, grade: int | None, reason: str) -> None:
    _check_actor(duty, actor)
    _check_open(duty)
    if state not in JudgmentState.values:
        raise DomainError(f"There is no state “{state}” of a judgment.")
    if (state == JudgmentState.GRADED) != (grade is not None):
        raise DomainError("Give a grade, or put the passage off, or say that it can't be judged: one of them.")
    if state == JudgmentState.UNJUDGEABLE and not reason.strip():
        raise DomainError("Say in a few words why this passage can't be judged.")


def _not_in_scale(duty: Duty, grade: int) -> DomainError:
    scale = Grade.objects.filter(track=duty.pool.track_id).order_by("value").values_list("value", flat=True)
    return DomainError(f"{grade} is not on this track's scale ({', '.join(map(str, scale))}).")


def _standing(duty: Duty, item: PoolItem | int, key: UUID, grade: int | None, with_text: bool = False) -> Standing:
    found = pair_standing(duty, item.pk if isinstance(item, PoolItem) else item, key, grade, with_text)
    if found is None:
        raise DomainError("This passage is not part of your duty.")
    return found


def _noted(standing: Standing, note: str | None, evidence: list | None) -> dict:
    fields = {} if note is None else {"note": note.strip()}
    return fields if evidence is None else fields | {"evidence": checked_spans(standing.text, evidence)}


def _needs_a_seat(duty: Duty, standing: Standing, state: str) -> bool:
    """Of a shared pool: whoever has had the passage on the desk may always save, anybody else where there is room."""
    has_judged = standing.own is not None and standing.own.state in DONE
    return duty.pool.quota is not None and state in DONE and not (standing.held or has_judged or standing.vigilance)


def _stored(standing: Standing, duty: Duty) -> Outcome:
    """The outcome of the save that used this key before."""
    earlier = standing.earlier
    pair = (duty.assessor_id, standing.topic_id, standing.document_id)
    if (earlier.assessor_id, earlier.topic_id, earlier.document_id) != pair:
        raise DomainError("This save carries the key of another one. Reload the page and grade the passage again.")
    return Outcome(earlier.state, earlier.grade, Progress(standing.done, standing.total), repeated=True)


def _same_judgment(own: Own):
    """The row as we read it; empty if it has been changed since, or a label has come into sight."""
    return Judgment.with_vigilance.filter(pk=own.pk, updated_at=own.updated_at, suggestion_shown_at=own.shown_at)


def _write(duty: Duty, standing: Standing, judged: dict, active_ms: int | None, away_ms: int | None) -> None:
    times = {"active_ms": active_ms, "away_ms": away_ms}
    if standing.own is None:
        Judgment.objects.create(
            assessor_id=duty.assessor_id,
            topic_id=standing.topic_id,
            document_id=standing.document_id,
            vigilance=standing.vigilance,
            **judged,
            **{name: ms for name, ms in times.items() if ms is not None},
        )
        return
    sums = {name: Coalesce(F(name), Value(0)) + ms for name, ms in times.items() if ms is not None}
    if not _same_judgment(standing.own).update(**judged, **sums, updated_at=timezone.now()):
        raise _Overtaken


def _remember(
    duty: Duty,
    standing: Standing,
    kind: str,
    state: str,
    grade: int | None,
    key: UUID,
    actor: User,
    **more,
) -> Outcome:
    before, grade_before = (standing.own.state, standing.own.grade) if standing.own else ("", None)
    JudgmentEvent.objects.create(
        assessor_id=duty.assessor_id,
        topic_id=standing.topic_id,
        document_id=standing.document_id,
        vigilance=standing.vigilance,
        kind=kind,
        state=state,
        grade=grade,
        previous_state=before,
        previous_grade=grade_before,
        actor=actor,
        idempotency_key=key,
        **more,
    )
    done = standing.done + (state in DONE) - (before in DONE)
    return Outcome(state, grade, Progress(done, standing.total), repeated=False)


def _latest_not_undone(duty: Duty, standing: Standing) -> JudgmentEvent | None:
    stack = []
    events = JudgmentEvent.objects.filter(
        assessor=duty.assessor_id,
        topic=standing.topic_id,
        document=standing.document_id,
        vigilance=standing.vigilance,
    )
    for event in events.exclude(kind=JudgmentEvent.Kind.NOTED).order_by("pk"):
        if event.kind != JudgmentEvent.Kind.UNDONE:
            stack.append(event)
        elif stack:
            stack.pop()
    return stack[-1] if stack else None


def _insist(write: Callable[[], Outcome]) -> Outcome:
    """Runs a save in its transaction, again when another save of the same pair or key came first."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return write()
        except _Overtaken:
            if attempt == ATTEMPTS:
                raise DomainError("This passage is being graded elsewhere at this moment. Try again.") from None
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
