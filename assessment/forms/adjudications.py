"""An adjudication: who is put side by side, who decides; and one decision."""

from django import forms

from assessment.domain.adjudication import Cause
from assessment.models import Adjudication, JudgmentState, Pool, Track
from assessment.selectors.adjudication_standing import Counts, planned_counts
from assessment.services.adjudications import TakenOver, adjudication_create

from .domain import DomainForm
from .judging import LONGEST_VISIT_MS
from .pools import PersonChoice, SourceChoice, people_who_judge, possible_sources


class SourcesChoice(forms.ModelMultipleChoiceField):
    label_from_instance = SourceChoice.label_from_instance


class AdjudicationForm(DomainForm):
    sources = SourcesChoice(
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick two assessors at least."},
    )
    name = forms.CharField(
        max_length=150, initial="adjudicated", help_text="The set of labels that is made is called so everywhere."
    )
    pool = forms.ModelChoiceField(queryset=None, required=False, empty_label="the whole track", label="Passages")
    adjudicator = PersonChoice(queryset=None, empty_label="Choose a person", label="Who decides")
    hide_names = forms.BooleanField(
        required=False,
        initial=True,
        label="Hide the names",
        help_text="The adjudicator sees A and B, drawn anew for every passage.",
    )
    singles = forms.BooleanField(
        required=False,
        label="Also take over what only one of them graded",
        help_text="Otherwise such passages stay out.",
    )
    own_labels = forms.BooleanField(
        required=False,
        label="The adjudicator may be one of the sources",
        help_text="He or she then decides on the own labels: say so when you publish.",
    )

    def __init__(self, data=None, *, track: Track, sources: list[str] | None = None):
        possible = possible_sources(track).filter(labels__gt=0)
        keys = [int(text) for text in sources or () if text.isascii() and text.isdecimal() and len(text) < 19]
        super().__init__(data, initial={"sources": keys})
        self.track = track
        self.fields["sources"].queryset = possible
        self.fields["pool"].queryset = Pool.objects.filter(track=track)
        self.fields["adjudicator"].queryset = people_who_judge(track)

    def preview(self) -> Counts | None:
        """What the chosen sources agree on; None while fewer than two are chosen. The other fields do not count."""
        self.is_valid()
        sources = self.cleaned_data.get("sources", ())
        if len(sources) < 2:
            return None
        return planned_counts(sources, self.cleaned_data.get("pool"))

    def create(self, by) -> tuple[Adjudication, TakenOver] | None:
        """The adjudication and what was taken over; None, with the reason in the form, when it is refused."""
        if not self.is_valid():
            return None
        chosen = self.cleaned_data | {"sources": list(self.cleaned_data["sources"])}
        return self.attempt(adjudication_create, track=self.track, by=by, **chosen)


class KeyForm(forms.Form):
    """The key of one press, which makes it harmless to send it twice."""

    idempotency_key = forms.UUIDField()


class DecisionForm(KeyForm):
    """One decision on a pair: a grade or a state, the cause of the disagreement, a note."""

    grade = forms.IntegerField(required=False)
    state = forms.ChoiceField(choices=JudgmentState, required=False)
    reason = forms.ChoiceField(choices=[(cause.value, cause.value) for cause in Cause], required=False)
    note = forms.CharField(required=False, max_length=10_000, widget=forms.Textarea)
    active_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)
    away_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)

    def decision(self) -> dict:
        """The arguments of `adjudication_decide` that come from the browser. Call it when the form is valid."""
        return self.cleaned_data | {"state": self.cleaned_data["state"] or JudgmentState.GRADED}
