"""What the editor of a list sends."""

from collections.abc import Callable
from functools import partial

from django import forms

from assessment.domain.errors import DomainError
from assessment.models import Topic
from nuggets.domain import edits
from nuggets.models import BankEdit

Kind = BankEdit.Kind


class NumbersField(forms.Field):
    """Whole numbers with spaces between."""

    def to_python(self, value) -> list[int]:
        words = (value or "").split()
        if not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
            raise forms.ValidationError("These are no numbers.")
        return [int(word) for word in words]


class EditForm(forms.Form):
    """One edit: its kind, the nuggets by number, and what the kind needs."""

    kind = forms.ChoiceField(choices=Kind.choices)
    key = forms.UUIDField()
    seen = forms.IntegerField(min_value=0)
    numbers = NumbersField(required=False)
    text = forms.CharField(required=False, strip=False)
    place = forms.IntegerField(required=False)
    docid = forms.CharField(required=False)
    start = forms.IntegerField(required=False, min_value=0)
    end = forms.IntegerField(required=False, min_value=1)

    def edit(self, document_called: Callable[[str], object]) -> edits.Edit:
        """The edit that was asked for. Raises DomainError where something that its kind needs is missing."""
        asked = self.cleaned_data
        kind, numbers, text = asked["kind"], asked["numbers"], asked["text"]
        if kind == Kind.ADD:
            return partial(edits.add, text=text, passages=self._passages(document_called))
        if not numbers:
            raise DomainError("Choose a nugget first.")
        if kind == Kind.MERGE:
            return partial(edits.merge, numbers=numbers, text=text)
        number = numbers[0]
        match kind:
            case Kind.REWORD:
                return partial(edits.reword, number=number, text=text)
            case Kind.SPLIT:
                lines = [line for line in text.splitlines() if line.strip()]
                return partial(edits.split, number=number, texts=lines)
            case Kind.RETIRE:
                return partial(edits.retire, number=number)
            case Kind.RESTORE:
                return partial(edits.restore, number=number)
            case Kind.IMPORTANCE:
                return partial(edits.weigh, number=number, importance=text)
            case Kind.SUB_NARRATIVE:
                return partial(edits.place_under, number=number, sub_narrative=text)
            case Kind.NOTE:
                return partial(edits.annotate, number=number, note=text)
            case Kind.REORDER if asked["place"] is not None:
                return partial(edits.move, number=number, place=asked["place"])
            case Kind.PASSAGE if asked["place"] is not None:
                return partial(edits.unlink, number=number, place=asked["place"])
            case Kind.PASSAGE if passages := self._passages(document_called):
                return partial(edits.link, number=number, passage=passages[0])
        raise DomainError("This is not what the page sends: reload it.")

    def _passages(self, document_called) -> tuple[edits.Passage, ...]:
        asked = self.cleaned_data
        if not asked["docid"]:
            return ()
        document = document_called(asked["docid"])
        start, end = asked["start"], asked["end"]
        if start is None or end is None:
            return (edits.Passage(document.pk),)
        if not start < end <= len(document.text or ""):
            raise DomainError(f"Document {document.docid} has no such place.")
        return (edits.Passage(document.pk, start, end, document.text[start:end]),)


class BankForm(forms.Form):
    """A new bank: empty, or with the nuggets of another one to edit."""

    name = forms.CharField(max_length=150)
    copy_of = forms.ModelChoiceField(None, required=False, label="Start from", empty_label="nothing: people write it")

    def __init__(self, data=None, *, track):
        super().__init__(data)
        self.fields["copy_of"].queryset = track.banks.all()


class ListForm(forms.Form):
    topic = forms.ModelChoiceField(Topic.objects.none())

    def __init__(self, data=None, *, bank):
        super().__init__(data)
        self.fields["topic"].queryset = bank.track.topics.exclude(topic_banks__bank=bank)


class FreezeForm(forms.Form):
    seen = forms.IntegerField(required=False, min_value=0)
    note = forms.CharField(required=False, max_length=500)
