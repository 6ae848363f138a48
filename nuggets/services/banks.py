"""Banks and their lists: made, copied, opened."""

from django.db import transaction

from assessment.domain.errors import DomainError
from assessment.models import Topic, Track, User
from assessment.services.imports.result import lock_track
from nuggets.models import Bank, BankCondition, Nugget, NuggetPassage, TopicBank, Wording


def bank_create(*, track: Track, name: str, condition: str = BankCondition.MANUAL, actor: User | None = None) -> Bank:
    """An empty bank. Raises DomainError for a name that is taken, empty or too long."""
    with transaction.atomic():
        lock_track(track)
        return Bank.objects.create(track=track, name=_name(track, name), condition=condition, created_by=actor)


def bank_copy(*, bank: Bank, name: str, actor: User | None = None) -> Bank:
    """A bank to edit, with the nuggets of this one that count; each knows the one that it was copied from, and has its
    passages. Nothing ever changes in the other. Raises DomainError as `bank_create`."""
    condition = BankCondition.MANUAL if bank.condition == BankCondition.MANUAL else BankCondition.AUTO_EDITED
    with transaction.atomic():
        lock_track(bank.track)
        copy = Bank.objects.create(
            track=bank.track, name=_name(bank.track, name), condition=condition, made_from=bank, created_by=actor
        )
        for row in bank.topic_banks.all():
            _copy_list(row, TopicBank.objects.create(bank=copy, topic_id=row.topic_id))
    return copy


def list_open(*, bank: Bank, topic: Topic) -> TopicBank:
    """The topic's list in the bank, empty at first. Raises DomainError for a topic of another track."""
    if topic.track_id != bank.track_id:
        raise DomainError(f"The track has no topic {topic.qid}.")
    return TopicBank.objects.get_or_create(bank=bank, topic=topic)[0]


def bank_delete(*, bank: Bank) -> None:
    """Only a bank that no label, duty or frozen version hangs on. Raises DomainError."""
    with transaction.atomic():
        bank = Bank.objects.select_for_update().get(pk=bank.pk)
        if bank.topic_banks.filter(nuggets__wordings__assignments__isnull=False).exists():
            raise DomainError(f"Bank {bank.name} stays: answers have been labelled by its nuggets.")
        if bank.topic_banks.filter(versions__isnull=False).exists():
            raise DomainError(f"Bank {bank.name} stays: it has frozen lists.")
        if bank.topic_banks.filter(edits__isnull=False).exists():
            raise DomainError(f"Bank {bank.name} stays: people have edited it.")
        bank.delete()


def _name(track: Track, name: str) -> str:
    name = name.strip()
    longest = Bank._meta.get_field("name").max_length
    if not name or len(name) > longest:
        raise DomainError(f"A bank needs a name of at most {longest} characters.")
    if track.banks.filter(name=name).exists():
        raise DomainError(f"The track has a bank {name} already.")
    return name


def _copy_list(source: TopicBank, copy: TopicBank) -> None:
    originals = list(source.nuggets.filter(retired_at=None).order_by("position", "number"))
    texts = dict(Wording.objects.filter(nugget__in=originals, current=True).values_list("nugget", "text"))
    copied = Nugget.objects.bulk_create(
        Nugget(
            topic_bank=copy,
            number=place,
            position=place,
            importance=one.importance,
            sub_narrative=one.sub_narrative,
            note=one.note,
            source=one.source,
            origin=Nugget.Origin.COPIED,
        )
        for place, one in enumerate(originals, 1)
    )
    of = {one.pk: made for one, made in zip(originals, copied, strict=True)}
    Wording.objects.bulk_create(Wording(nugget=made, number=1, text=texts[pk]) for pk, made in of.items())
    through = Nugget.parents.through
    through.objects.bulk_create(through(from_nugget=made, to_nugget_id=pk) for pk, made in of.items())
    NuggetPassage.objects.bulk_create(
        NuggetPassage(
            nugget=of[one.nugget_id], document_id=one.document_id, start=one.start, end=one.end, text=one.text
        )
        for one in NuggetPassage.objects.filter(nugget__in=originals).order_by("pk")
    )
