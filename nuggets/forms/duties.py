"""Topics of a bank given to a person, to edit or to assign."""

from django import forms
from django.db.models import Count, QuerySet

from assessment.forms.domain import DomainForm
from assessment.forms.pools import PersonChoice, TopicChoice, people_who_judge
from assessment.models import Assessor, Condition, Track
from assessment.services.people import assessor_ensure
from nuggets.models import Bank, NuggetTask
from nuggets.services.duties import nugget_duties_give


class BankChoice(forms.ModelChoiceField):
    def label_from_instance(self, bank: Bank) -> str:
        return f"{bank.name} ({bank.get_condition_display()})"


class LabelSourceChoice(forms.ModelChoiceField):
    def label_from_instance(self, assessor: Assessor) -> str:
        return f"{assessor.name} ({assessor.get_kind_display()}, {assessor.labels:,} labels)"


def label_sources(track: Track) -> QuerySet[Assessor]:
    """Whose labels may be suggested: everybody's who has assigned a nugget, and judges that are still to."""
    counted = track.assessors.annotate(labels=Count("nugget_assignments"))
    return (counted.filter(labels__gt=0) | counted.filter(kind=Assessor.Kind.LLM)).order_by("name")


class NuggetDutyForm(DomainForm):
    bank = BankChoice(queryset=None, empty_label=None)
    person = PersonChoice(queryset=None, empty_label="Choose a person")
    task = forms.ChoiceField(
        choices=[
            (NuggetTask.ASSIGN, "assign: say of each answer which nuggets it supports"),
            (NuggetTask.EDIT, "edit: write and improve the nuggets"),
        ],
        initial=NuggetTask.ASSIGN,
    )
    condition = forms.ChoiceField(
        choices=[
            (Condition.MANUAL, "manual: no suggestion is ever shown"),
            (Condition.POST_EDIT, "post-edit: with somebody's label, to keep or to change"),
        ],
        initial=Condition.MANUAL,
        help_text="Of assigning. What editors see is the bank's own affair.",
    )
    suggestion_source = LabelSourceChoice(
        queryset=None, required=False, empty_label="nobody", label="Suggestions by", help_text="For post-edit only."
    )
    hides_importance = forms.BooleanField(
        required=False, label="Hide which nuggets are vital", help_text="As NIST does in the first pass."
    )
    topics = TopicChoice(
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all topics of the bank.",
    )

    def __init__(self, data=None, *, track: Track):
        super().__init__(data)
        self.track = track
        self.fields["bank"].queryset = track.banks.all()
        self.fields["person"].queryset = people_who_judge(track)
        self.fields["suggestion_source"].queryset = label_sources(track)
        self.fields["topics"].queryset = track.topics.order_by("position")

    def clean(self):
        """Without scripts every field is always sent: what the condition does not use is dropped."""
        cleaned = super().clean()
        if cleaned.get("task") == NuggetTask.EDIT or cleaned.get("condition") == Condition.MANUAL:
            cleaned["suggestion_source"] = None
        return cleaned

    def give(self) -> int | None:
        """How many duties are new; None, with the sentence in the form, when it is refused."""
        return self.attempt(self._give)

    def _give(self) -> int:
        cleaned = self.cleaned_data
        names = ("bank", "task", "condition", "suggestion_source", "hides_importance")
        return nugget_duties_give(
            topics=cleaned["topics"] or None,
            assessor=assessor_ensure(track=self.track, user=cleaned["person"]),
            **{name: cleaned[name] for name in names},
        )


class ReopenNuggetsForm(forms.Form):
    message = forms.CharField(required=False, max_length=2000)
