"""Ensembles: several judges' labels combined into those of one assessor, which everything else treats as a judge."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Ensemble, Track, User
from assessment.selectors.ensembles import Outcome, ensemble_outcome, possible_members
from assessment.services.copying import copy_rows

_COLUMNS = ("topic_id", "document_id", "grade", "confidence", "shares")
_WANTED = """
    CREATE TEMPORARY TABLE ensemble_labels (topic_id bigint, document_id int, grade smallint, confidence float8,
        shares jsonb) ON COMMIT DROP
"""
_WITHDRAW = """
    DELETE FROM assessment_judgment stored WHERE assessor_id = %s AND NOT EXISTS (
        SELECT FROM ensemble_labels wanted
        WHERE wanted.topic_id = stored.topic_id AND wanted.document_id = stored.document_id)
"""
# A label that stays as it is keeps its row, and its time.
_STORE = """
    INSERT INTO assessment_judgment (assessor_id, topic_id, document_id, state, grade, condition, confidence,
        distribution, iteration, note, reason, created_at, updated_at)
    SELECT %s, topic_id, document_id, 'graded', grade, 'automatic', confidence, shares, '', '', '', %s, %s
    FROM ensemble_labels
    ON CONFLICT (assessor_id, topic_id, document_id, vigilance) DO UPDATE SET grade = excluded.grade,
        confidence = excluded.confidence, distribution = excluded.distribution, updated_at = excluded.updated_at
    WHERE (assessment_judgment.grade, assessment_judgment.confidence, assessment_judgment.distribution)
        IS DISTINCT FROM (excluded.grade, excluded.confidence, excluded.distribution)
"""


class Combination(NamedTuple):
    """What was stored: labels that are new or others than before, labels withdrawn, and all that there are now."""

    changed: int
    withdrawn: int
    labels: int


@transaction.atomic
def ensemble_create(
    *, track: Track, name: str, members: Sequence[Assessor], rule: str, quorum: int, by: User | None = None
) -> tuple[Ensemble, Combination]:
    """Makes the ensemble and its labels. Raises DomainError, and then nothing is stored."""
    Track.objects.select_for_update(no_key=True).get(pk=track.pk)  # two of one name wait for each other
    name = name.strip()
    _check_name(track, name)
    ensemble_check(track=track, members=members, rule=rule, quorum=quorum)
    result = Assessor.objects.create(
        track=track, kind=Assessor.Kind.LLM, name=name, caveat=_caveat(rule, quorum, members)
    )
    ensemble = Ensemble.objects.create(result=result, rule=rule, quorum=quorum, created_by=by)
    ensemble.members.set(members)
    return ensemble, ensemble_combine(ensemble=ensemble)


@transaction.atomic
def ensemble_combine(*, ensemble: Ensemble) -> Combination:
    """Makes the labels anew from the members' as they stand now. Doing it twice changes nothing."""
    Ensemble.objects.select_for_update(no_key=True).get(pk=ensemble.pk)
    now = timezone.now()  # before the members are read: what changes meanwhile is seen as a change
    track = ensemble.result.track
    outcome = ensemble_outcome(track, ensemble.members.all(), ensemble.rule, ensemble.quorum)
    with connection.cursor() as cursor:
        cursor.execute(_WANTED)
        copy_rows("ensemble_labels", _COLUMNS, _lines(outcome))
        cursor.execute(_WITHDRAW, [ensemble.result_id])
        withdrawn = cursor.rowcount
        cursor.execute(_STORE, [ensemble.result_id, now, now])
        changed = cursor.rowcount
        cursor.execute("DROP TABLE ensemble_labels")  # twice in one transaction is possible
    ensemble.combined_at = now
    ensemble.save(update_fields=["combined_at"])
    return Combination(changed, withdrawn, outcome.labelled)


def ensemble_check(*, track: Track, members: Sequence[Assessor], rule: str, quorum: int) -> None:
    """Raises DomainError where these members cannot be combined so."""
    if rule not in Ensemble.Rule.values:
        raise DomainError(f"There is no rule {rule!r}; there are: {', '.join(Ensemble.Rule.values)}.")
    if len({member.pk for member in members}) != len(members):
        raise DomainError("Nobody votes twice: name each member once.")
    if len(members) < 2:
        raise DomainError("An ensemble has two members at least.")
    possible = {member.pk for member in possible_members(track)}
    unfit = [member.name for member in members if member.pk not in possible]
    if unfit:
        raise DomainError(
            f"Not to be combined: {', '.join(unfit)}. Members are judges and imported labels of this track that have "
            "graded something; people and other ensembles are not."
        )
    if not 1 <= quorum <= len(members):
        raise DomainError(f"Of {len(members)} members, between 1 and {len(members)} must have graded a passage.")


def _check_name(track: Track, name: str) -> None:
    longest = Assessor._meta.get_field("name").max_length
    if not name or len(name) > longest or "\x00" in name:
        raise DomainError(f"An ensemble needs a name of at most {longest} characters: its labels are called so.")
    stored = track.assessors.filter(name=name).first()
    if stored:
        raise DomainError(f"{name} is another assessor here ({stored.get_kind_display()}); choose another name.")
    if track.memberships.filter(user__username=name).exists():
        raise DomainError(f"{name} is a person of this track; choose another name for what is combined.")


def _caveat(rule: str, quorum: int, members: Sequence[Assessor]) -> str:
    longest = Assessor._meta.get_field("caveat").max_length
    names = ", ".join(member.name for member in members)
    said = f"The {Ensemble.Rule(rule).label} of {names}, where {quorum} or more of them graded."
    return said if len(said) <= longest else f"The {Ensemble.Rule(rule).label} of {len(members)} judges."


def _lines(outcome: Outcome):
    """One line of COPY for each label. Its confidence is the share of the votes for it; its shares are all votes."""
    combined, values = outcome.combined, [grade.value for grade in outcome.scale]
    shares: dict[tuple[int, ...], str] = {}  # a few votes have few outcomes
    for row in np.flatnonzero(combined.labelled):
        votes = tuple(combined.votes[row].tolist())
        if votes not in shares:
            parts = ", ".join(f'"{value}": {vote / sum(votes)}' for value, vote in zip(values, votes, strict=True))
            shares[votes] = f"{{{parts}}}"
        pair = f"{outcome.topics[row]}\t{outcome.documents[row]}\t{combined.grades[row]}"
        yield f"{pair}\t{combined.agreement[row]}\t{shares[votes]}"
