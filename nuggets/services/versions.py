"""Freezing a topic's list: what scores are computed from, and what nobody changes any more."""

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import User
from nuggets.models import Bank, BankVersion, TopicBank, VersionNugget, Wording


def version_freeze(
    *, topic_bank: TopicBank, actor: User | None, seen: int | None = None, note: str = ""
) -> BankVersion:
    """A version with the nuggets that count now. `seen`: the revision before the eyes of who freezes.

    Raises DomainError where the list is empty, a nugget has no importance, somebody has edited it since, or nothing is
    other than in the last version.
    """
    with transaction.atomic():
        row = TopicBank.objects.select_for_update().select_related("topic").get(pk=topic_bank.pk)
        if seen is not None and seen != row.revision:
            raise DomainError("The list has been edited since you looked: look again before it is frozen.")
        wordings = _wordings(row)
        last = row.versions.order_by("-number").first()
        if last is not None and _same(last, wordings):
            raise DomainError(f"Nothing has changed since version {last.number} of topic {row.topic.qid}.")
        number = 1 + (last.number if last else 0)
        fields = {"revision": row.revision, "note": note.strip(), "frozen_by": actor}
        version = BankVersion.objects.create(topic_bank=row, number=number, **fields)
        VersionNugget.objects.bulk_create(
            VersionNugget(
                version=version,
                wording=one,
                position=place,
                importance=one.nugget.importance,
                sub_narrative=one.nugget.sub_narrative,
            )
            for place, one in enumerate(wordings, 1)
        )
    return version


def bank_freeze(*, bank: Bank, actor: User | None, note: str = "") -> list[BankVersion]:
    """Every list that has changed since its last version, or none: all or nothing. Raises DomainError."""
    frozen = []
    with transaction.atomic():
        for row in bank.topic_banks.select_related("topic").order_by("topic__position"):
            last = row.versions.order_by("-number").first()
            if last is None or not _same(last, _wordings(row)):
                frozen.append(version_freeze(topic_bank=row, actor=actor, note=note))
        if not frozen:
            raise DomainError(f"Nothing has changed in bank {bank.name} since it was frozen.")
    return frozen


def _wordings(row: TopicBank) -> list[Wording]:
    live = Wording.objects.filter(nugget__topic_bank=row, nugget__retired_at=None, current=True)
    wordings = list(live.select_related("nugget").order_by("nugget__position", "nugget__number"))
    if not wordings:
        raise DomainError(f"Topic {row.topic.qid} has no nugget yet: there is nothing to freeze.")
    silent = [str(one.nugget.number) for one in wordings if not one.nugget.importance]
    if silent:
        which = f"nugget {silent[0]} has" if len(silent) == 1 else f"nuggets {', '.join(silent)} have"
        raise DomainError(f"Topic {row.topic.qid}: {which} no importance yet; say vital or okay first.")
    return wordings


def _same(version: BankVersion, wordings: list[Wording]) -> bool:
    there = [(one.wording_id, one.importance, one.sub_narrative) for one in version.nuggets.order_by("position")]
    return there == [(one.pk, one.nugget.importance, one.nugget.sub_narrative) for one in wordings]
