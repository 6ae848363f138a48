"""One edit of a topic's list: who made it, from which list, and what it takes to undo it.

All edits go the same way. The list is locked, the edit computed on it as it is now, refused where somebody has changed
the same meanwhile, and stored as rows and as a `BankEdit`. A repeated request is answered with the edit it made.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Document, User
from nuggets.domain.edits import Edit, NuggetGone, NuggetList, NuggetState, changes, clash, undone
from nuggets.models import BankEdit, Nugget, NuggetPassage, TopicBank, Wording
from nuggets.selectors.lists import nugget_list

Kind = BankEdit.Kind


class EditConflict(DomainError):
    """Somebody has changed the same since the list was seen."""


def list_edit(
    *, topic_bank: TopicBank, kind: str, edit: Edit, actor: User | None, seen: int, key: UUID | None = None
) -> BankEdit | None:
    """Makes one edit. `seen`: the revision that the editor had before the eyes; `key`: of the request.

    None where nothing changes. Raises DomainError for what cannot be done, and its EditConflict for what somebody else
    has changed since `seen`.
    """
    with transaction.atomic():
        row = _locked(topic_bank)
        if made := _made_before(row, key):
            return made
        before = nugget_list(row)
        try:
            stored = changes(before, after := edit(before))
        except NuggetGone as gone:
            _refuse_gone(row, seen, gone.number)
            raise
        if not stored["nuggets"] and "moved" not in stored:
            return None
        _refuse_clash(row, seen, stored)
        return _store(row, kind, before, after, stored, actor, key)


def edit_undo(*, topic_bank: TopicBank, actor: User, key: UUID | None = None) -> BankEdit:
    """Takes back this person's last edit that still stands. Raises DomainError where there is none, or where somebody
    has built on it."""
    return _revert(topic_bank, actor, key, Kind.UNDO, lambda edits: edits.exclude(kind=Kind.UNDO))


def edit_redo(*, topic_bank: TopicBank, actor: User, key: UUID | None = None) -> BankEdit:
    """Takes back this person's last undo, unless he or she has edited since."""
    return _revert(topic_bank, actor, key, Kind.REDO, _undone_at_the_end)


def _revert(topic_bank: TopicBank, actor: User, key: UUID | None, kind: str, among) -> BankEdit:
    with transaction.atomic():
        row = _locked(topic_bank)
        if made := _made_before(row, key):
            return made
        standing = BankEdit.objects.filter(topic_bank=row, actor=actor, reverted_by=None)
        target = among(standing).order_by("-number").first()
        if target is None:
            raise DomainError(f"There is nothing of yours to {kind}.")
        before = nugget_list(row)
        after = undone(before, target.changes)
        return _store(row, kind, before, after, changes(before, after), actor, key, target)


def _undone_at_the_end(standing):
    """The undos after the person's last edit of another kind: an edit ends what can be redone."""
    last = (
        standing.exclude(kind__in=[Kind.UNDO, Kind.REDO]).order_by("-number").values_list("number", flat=True).first()
    )
    undos = standing.filter(kind=Kind.UNDO)
    return undos.filter(number__gt=last) if last is not None else undos


def _locked(topic_bank: TopicBank) -> TopicBank:
    return TopicBank.objects.select_for_update().get(pk=topic_bank.pk)


def _made_before(row: TopicBank, key: UUID | None) -> BankEdit | None:
    return key and BankEdit.objects.filter(topic_bank=row, idempotency_key=key).first()


def _refuse_clash(row: TopicBank, seen: int, stored: dict) -> None:
    for other in row.edits.filter(number__gt=seen).select_related("actor"):
        number = clash(stored, other.changes)
        if number is not None:
            raise EditConflict(_said(other, number))


def _refuse_gone(row: TopicBank, seen: int, number: int) -> None:
    """Whoever saw the nugget while it counted hears who took it out."""
    for other in row.edits.filter(number__gt=seen).select_related("actor").order_by("-number"):
        if str(number) in other.changes["nuggets"]:
            raise EditConflict(_said(other, number))


def _said(other: BankEdit, number: int) -> str:
    state = other.changes["nuggets"][str(number)]["after"]
    who = other.actor.get_username() if other.actor else "Somebody"
    now = f"it is {state['retired']} now" if state["retired"] else f"it reads now: “{state['text']}”"
    return f"{who} changed nugget {number} a moment ago ({other.get_kind_display()}); {now}. Your edit was not made."


def _store(row, kind, before: NuggetList, after: NuggetList, stored: dict, actor, key, reverts=None) -> BankEdit:
    nuggets = {nugget.number: nugget for nugget in row.nuggets.all()}
    for number in after.order:
        if before.states.get(number) != after.states[number]:
            nuggets[number] = _store_nugget(row, nuggets.get(number), number, after.states[number], actor)
    for number in after.order:
        if before.states.get(number) is None:
            nuggets[number].parents.set(nuggets[parent] for parent in after.states[number].parents)
    _store_order(nuggets, after)
    row.revision += 1
    row.save(update_fields=["revision"])
    fields = {"kind": kind, "changes": stored, "actor": actor, "idempotency_key": key, "reverts": reverts}
    return BankEdit.objects.create(topic_bank=row, number=row.revision, **fields)


def _store_nugget(row: TopicBank, nugget: Nugget | None, number: int, state: NuggetState, actor) -> Nugget:
    is_new = nugget is None
    nugget = nugget or Nugget(topic_bank=row, number=number, position=number)
    nugget.importance, nugget.sub_narrative, nugget.note = state.importance, state.sub_narrative, state.note
    nugget.origin = state.origin
    nugget.retired_because = state.retired
    nugget.retired_at = (nugget.retired_at or timezone.now()) if state.retired else None
    nugget.save()
    _store_wording(nugget, state.text, actor)
    there = [] if is_new else [(one.document_id, one.start, one.end, one.text) for one in nugget.passages.all()]
    wanted = [(one.document, one.start, one.end, one.text) for one in state.passages]
    if there != wanted:
        nugget.passages.all().delete()
        NuggetPassage.objects.bulk_create(
            NuggetPassage(nugget=nugget, document_id=document, start=start, end=end, text=text, added_by=actor)
            for document, start, end, text in wanted
        )
    return nugget


def _store_wording(nugget: Nugget, text: str, actor: User | None) -> None:
    """Going back to a text that the nugget had is that wording again, with its labels."""
    wordings = list(nugget.wordings.all())
    current = next((one for one in wordings if one.current), None)
    if current is not None and current.text == text:
        return
    nugget.wordings.filter(current=True).update(current=False)
    known = next((one for one in wordings if one.text == text), None)
    if known is not None:
        nugget.wordings.filter(pk=known.pk).update(current=True)
    else:
        Wording.objects.create(nugget=nugget, number=len(wordings) + 1, text=text, made_by=actor)


def _store_order(nuggets: dict[int, Nugget], after: NuggetList) -> None:
    moved = []
    for position, number in enumerate(after.order, 1):
        if nuggets[number].position != position:
            nuggets[number].position = position
            moved.append(nuggets[number])
    Nugget.objects.bulk_update(moved, ["position"])


def known_document(topic_bank: TopicBank, docid: str) -> Document:
    """A document of the track's collection. Raises DomainError."""
    document = Document.objects.filter(collection__tracks=topic_bank.bank.track_id, docid=docid).first()
    if document is None:
        raise DomainError(f"The collection has no document {docid}.")
    return document
