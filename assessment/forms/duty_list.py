"""What the list of a duty's passages sends: which rows to show, what to accept of them, and how a review begins."""

from django import forms

from assessment.models import Assessor, Duty, Grade, Pool, Topic, User
from assessment.selectors.duty_list import RowFilter
from assessment.services.bulk import review_begin

from .domain import DomainForm
from .pools import SourceChoice, possible_sources

LONGEST_REASON = 2000


class RowFilterForm(forms.Form):
    """Sent by GET; every field may be left out."""

    suggested = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    at_least = forms.FloatField(required=False, min_value=0, max_value=1, label="Confidence at least")
    at_most = forms.FloatField(required=False, min_value=0, max_value=1, label="at most")
    words = forms.CharField(required=False, max_length=200, label="Text contains")
    unjudged = forms.BooleanField(required=False, label="Unjudged only")

    def __init__(self, data, *, grades: list[Grade]):
        super().__init__(data)
        self.fields["suggested"].choices = [
            ("", "any"),
            *((str(grade.value), f"{grade.value} {grade.label}") for grade in grades),
        ]
        self.fields["words"].widget.input_type = "search"
        for name in ("at_least", "at_most"):
            self.fields[name].widget.attrs |= {"step": "any", "inputmode": "decimal"}

    def row_filter(self) -> RowFilter:
        """Call it when the form is valid."""
        return RowFilter(**self.cleaned_data)


class AcceptanceForm(forms.Form):
    """`labels`: what was shown, as `item:grade item:grade …`."""

    labels = forms.RegexField(r"^(\d{1,18}:\d{1,4}( |$))*$", required=False)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON)
    idempotency_key = forms.UUIDField()

    def acceptance(self) -> dict:
        """The arguments of `suggestions_accept` that come from the browser. Call it when the form is valid."""
        pairs = (pair.split(":") for pair in self.cleaned_data["labels"].split())
        return {
            "labels": {int(item): int(grade) for item, grade in pairs},
            "reason": self.cleaned_data["reason"],
            "idempotency_key": self.cleaned_data["idempotency_key"],
        }


class AcceptanceUndoForm(forms.Form):
    """`acceptance`: the key that the acceptance had."""

    acceptance = forms.UUIDField()
    idempotency_key = forms.UUIDField()


class OneTopicChoice(forms.ModelChoiceField):
    def label_from_instance(self, topic: Topic) -> str:
        return f"{topic.qid}  {topic.query[:80]}"


class ReviewForm(DomainForm):
    """An organizer's own duty over a judge's grades of one topic."""

    topic = OneTopicChoice(queryset=None, empty_label="Choose a topic")
    source = SourceChoice(queryset=None, empty_label="Choose a judge", label="Grades by")

    def __init__(self, data=None, *, pool: Pool):
        super().__init__(data, auto_id="review_%s")
        self.pool = pool
        self.fields["topic"].queryset = Topic.objects.filter(pk__in=pool.items.values("topic"))
        self.fields["source"].queryset = possible_sources(pool.track).exclude(kind=Assessor.Kind.HUMAN)

    def begin(self, *, by: User) -> Duty | None:
        """The duty; None, with the sentence in the form, when it is refused."""
        return self.attempt(review_begin, pool=self.pool, by=by, **self.cleaned_data)
