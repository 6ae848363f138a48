"""Pools, and the choices that forms about their people share."""

from django import forms
from django.db.models import Count, Q, QuerySet

from assessment.models import Assessor, Order, Role, Topic, Track, User

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
