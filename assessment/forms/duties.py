"""Who judges a pool: topics given to a person by hand."""

from django import forms
from django.db.models import QuerySet

from assessment.models import RANKED_ORDERS, Assessor, Condition, Order, Pool, Reveal, Topic, Track
from assessment.services.duties import duties_assign
from assessment.services.people import assessor_ensure

from .domain import DomainForm
from .pools import PersonChoice, SourceChoice, TopicChoice, people_who_judge, possible_sources

MORE = ("order", "ranked_by", "sample_percent", "vigilance_percent", "trusted")


def trusted_assessors(track: Track) -> QuerySet[Assessor]:
    """Whose grades vigilance items can be known by: anybody but a judge, who has graded something."""
    return possible_sources(track).exclude(kind=Assessor.Kind.LLM).filter(labels__gt=0)


def order_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        choices=[("", "as the pool"), *((order, order.label) for order in Order)],
        required=False,
        label="Order",
        help_text="In which the passages of a topic come. Assessors are never told.",
    )


def ranked_by_field() -> SourceChoice:
    return SourceChoice(
        queryset=None,
        required=False,
        empty_label="nobody",
        label="Ordered by",
        help_text="The judge behind “most likely relevant first” and “most uncertain first”; for no other order.",
    )


def ranking_judges(track: Track) -> QuerySet[Assessor]:
    """Who can order passages: judges that have labelled something."""
    return possible_sources(track).filter(kind=Assessor.Kind.LLM, labels__gt=0)


def ordering_judge(cleaned: dict) -> Assessor | None:
    """Whoever stands in the field, where the order has one; without scripts the field is always sent."""
    return cleaned.get("ranked_by") if cleaned.get("order") in RANKED_ORDERS else None


def vigilance_field() -> forms.IntegerField:
    return forms.IntegerField(
        min_value=0,
        max_value=100,
        initial=0,
        required=False,
        label="Vigilance, %",
        help_text="For post-edit only: extra passages with a wrong suggestion, so many for 100. They count nowhere.",
    )


def trusted_field() -> SourceChoice:
    return SourceChoice(
        queryset=None,
        required=False,
        empty_label="nobody",
        label="Known by",
        help_text="Whose grades are trusted, of pairs outside the pool.",
    )


class DutyForm(DomainForm):
    person = PersonChoice(queryset=None, empty_label="Choose a person")
    condition = forms.ChoiceField(
        choices=[
            (Condition.MANUAL, "manual: the whole pool, no suggestions"),
            (Condition.FILTERED, "filtered: without what the source graded 0; no label is shown"),
            (Condition.POST_EDIT, "post-edit: the same, with the source's label, to keep or to change"),
        ],
        initial=Condition.MANUAL,
    )
    suggestion_source = SourceChoice(
        queryset=None, required=False, empty_label="nobody", label="Suggestions by", help_text="Not for manual judging."
    )
    reveal = forms.ChoiceField(
        choices=[
            (Reveal.ALWAYS, "at once"),
            (Reveal.COMMIT_THEN_REVEAL, "after the first grade"),
        ],
        initial=Reveal.ALWAYS,
        label="Show the suggestion",
        help_text="For post-edit only. After the first grade, so that it can be seen how much the suggestion pulls.",
    )
    order = order_field()
    ranked_by = ranked_by_field()
    sample_percent = forms.IntegerField(
        min_value=1,
        max_value=100,
        initial=100,
        required=False,
        label="Share of the pairs, %",
        help_text="Below 100, a drawn share: the same one for everybody with the same number.",
    )
    vigilance_percent = vigilance_field()
    trusted = trusted_field()
    topics = TopicChoice(
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: all topics of the pool.",
    )

    def __init__(self, data=None, *, pool: Pool):
        super().__init__(data)
        self.pool = pool
        self.fields["person"].queryset = people_who_judge(pool.track)
        self.fields["suggestion_source"].queryset = possible_sources(pool.track)
        self.fields["trusted"].queryset = trusted_assessors(pool.track)
        self.fields["ranked_by"].queryset = ranking_judges(pool.track)
        self.fields["topics"].queryset = Topic.objects.filter(pk__in=pool.items.values("topic"))

    def clean(self):
        """Without scripts every field is always sent: what the condition does not use is dropped."""
        cleaned = super().clean()
        if cleaned.get("condition") == Condition.MANUAL:
            cleaned["suggestion_source"] = None
        if cleaned.get("condition") != Condition.POST_EDIT:
            cleaned["reveal"] = Reveal.NEVER
            cleaned["vigilance_percent"] = 0
        if not cleaned.get("vigilance_percent"):
            cleaned["trusted"] = None
        cleaned["ranked_by"] = ordering_judge(cleaned)
        return cleaned

    @property
    def has_more(self) -> bool:
        """Whether anything is asked beyond person, condition and topics."""
        return any(self[name].value() not in (None, "", self[name].initial, str(self[name].initial)) for name in MORE)

    def assign(self) -> int | None:
        """How many duties are new or changed; None, with the sentence in the form, when it is refused."""
        return self.attempt(self._assign)

    def _assign(self) -> int:
        cleaned = self.cleaned_data
        return duties_assign(
            pool=self.pool,
            assessor=assessor_ensure(track=self.pool.track, user=cleaned["person"]),
            topics=cleaned["topics"] or None,
            condition=cleaned["condition"],
            reveal=cleaned["reveal"],
            suggestion_source=cleaned["suggestion_source"],
            order=cleaned["order"],
            sample_percent=cleaned["sample_percent"] or 100,
            vigilance_percent=cleaned["vigilance_percent"] or 0,
            trusted=cleaned["trusted"],
            ranked_by=cleaned["ranked_by"],
        )
