"""Pools, and who judges them."""

from django import forms
from django.db.models import Count, Q, QuerySet

from assessment.models import Assessor, Condition, Order, Pool, Reveal, Role, Topic, Track, User
from assessment.services.duties import duties_assign
from assessment.services.people import assessor_ensure

from .domain import DomainForm


class PoolForm(DomainForm):
    depth = forms.IntegerField(
        min_value=1,
        max_value=10_000,
        initial=10,
        help_text="How many of each chosen run's first documents are judged, per topic.",
    )
    name = forms.CharField(max_length=80, required=False, help_text="Left empty: pool- and the depth.")
    order = forms.ChoiceField(
        choices=Order.choices,
        initial=Order.SHUFFLE,
        help_text="In which order assessors get a topic's passages. Shuffled, they cannot guess the ranks.",
    )
    seed = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, initial=0, help_text="The same seed gives the same shuffle."
    )
    runs = forms.ModelMultipleChoiceField(
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "A pool needs at least one run: tick it."},
    )

    def __init__(self, data=None, *, track: Track):
        runs = track.runs.all()
        super().__init__(data, initial={"runs": runs})
        self.track = track
        self.fields["runs"].queryset = runs

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("name") and "depth" in cleaned:
            cleaned["name"] = f"pool-{cleaned['depth']}"
        if "runs" in cleaned:
            cleaned["runs"] = list(cleaned["runs"])
        return cleaned


class PersonChoice(forms.ModelChoiceField):
    def label_from_instance(self, person: User) -> str:
        full_name = person.get_full_name()
        return f"{person.username} ({full_name})" if full_name else person.username


class TopicChoice(forms.ModelMultipleChoiceField):
    def label_from_instance(self, topic: Topic) -> str:
        return f"{topic.qid}  {topic.query[:80]}"


class SourceChoice(forms.ModelChoiceField):
    def label_from_instance(self, assessor: Assessor) -> str:
        return f"{assessor.name} ({assessor.get_kind_display()}, {assessor.labels:,} grades)"


def people_who_judge(track: Track) -> QuerySet[User]:
    judging = Q(memberships__track=track, memberships__role__in=[Role.ASSESSOR, Role.ORGANIZER])
    return User.objects.filter(judging, is_active=True).order_by("username")


def possible_sources(track: Track) -> QuerySet[Assessor]:
    """Whose grades may be suggested, each with the number of `labels`."""
    return track.assessors.annotate(labels=Count("judgments", filter=Q(judgments__vigilance=False)))


class DutyForm(DomainForm):
    person = PersonChoice(queryset=None, empty_label="Choose a person")
    condition = forms.ChoiceField(
        choices=[
            (Condition.MANUAL, "manual: the whole pool, no suggestions"),
            (Condition.FILTERED, "filtered: without what the source graded 0; no label is shown"),
            (Condition.POST_EDIT, "post-edit: the source's label is shown, to keep or to change"),
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
        self.fields["topics"].queryset = Topic.objects.filter(pk__in=pool.items.values("topic"))

    def clean(self):
        """Without scripts every field is always sent: what the condition does not use is dropped."""
        cleaned = super().clean()
        if cleaned.get("condition") == Condition.MANUAL:
            cleaned["suggestion_source"] = None
        if cleaned.get("condition") != Condition.POST_EDIT:
            cleaned["reveal"] = Reveal.NEVER
        return cleaned

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
        )
