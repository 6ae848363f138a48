"""Lists of nuggets that judges write: into a bank of their own, where people take them up from."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import Topic, Track, User
from nuggets.models import Bank, BankCondition, Nugget, TopicBank, Wording

LONGEST_NAME = Bank._meta.get_field("name").max_length


class Suggested(NamedTuple):
    """A nugget as a judge wrote and weighed it; `importance` is one of Importance."""

    text: str
    importance: str


def suggestion_bank_ensure(*, track: Track, name: str, by: User | None = None) -> Bank:
    """The bank of that name for an LLM's lists, made on first use. DomainError where the name is another kind's."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise DomainError(f"A bank needs a name of at most {LONGEST_NAME} characters.")
    bank, _ = Bank.objects.get_or_create(
        track=track, name=name, defaults={"condition": BankCondition.AUTO, "created_by": by}
    )
    if bank.condition != BankCondition.AUTO:
        raise DomainError(
            f"The bank {name} is one {bank.get_condition_display()}: lists that an LLM writes go into one of their own."
        )
    return bank


def suggestions_store(*, bank: Bank, topic: Topic, nuggets: Sequence[Suggested]) -> bool:
    """A topic's list as a judge made it, in its order, as a draft. False, and nothing stored, where there is a list:
    edits belong to people."""
    with transaction.atomic():
        topic_bank, made = TopicBank.objects.get_or_create(bank=bank, topic=topic)
        if not made:
            return False
        stored = Nugget.objects.bulk_create(
            Nugget(
                topic_bank=topic_bank,
                number=place,
                position=place,
                importance=nugget.importance,
                origin=Nugget.Origin.SUGGESTED,
            )
            for place, nugget in enumerate(nuggets, 1)
        )
        Wording.objects.bulk_create(
            Wording(nugget=one, number=1, text=nugget.text) for one, nugget in zip(stored, nuggets, strict=True)
        )
    return True
