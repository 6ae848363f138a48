"""Pools, and the choices that forms about their people share."""

from django import forms
from django.db.models import Count, Q, QuerySet

from assessment.models import POOL_ORDERS, Assessor, Order, Role, Topic, Track, User
from assessment.services.pools import MOST_PEOPLE

from .pool_runs import DEEPEST, RunsForm

EVERYONE, SHARED = "everyone", "shared"


class PoolForm(RunsForm):
    depth = forms.IntegerField(
        min_value=1,
        max_value=DEEPEST,
        initial=10,
        help_text="How many of each chosen run's first documents are judged, per topic.",
    )
    name = forms.CharField(max_length=80, required=False, help_text="Left empty: pool- and the depth.")
    order = forms.ChoiceField(
        choices=[(order, order.label) for order in POOL_ORDERS],
        initial=Order.SHUFFLE,
        help_text="In which order assessors get a topic's passages. Shuffled, they cannot guess the ranks. Under "
        "move-to-front, what is asked next depends on the grades so far; passages are served one by one.",
    )
    seed = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, initial=0, help_text="The same seed gives the same shuffle."
    )
    sharing = forms.ChoiceField(
        choices=[
            (EVERYONE, "everyone with a duty in its topic"),
            (SHARED, "a number of people, who share the passages"),
        ],
        initial=EVERYONE,
        label="Each passage is judged by",
    )
    quota = forms.IntegerField(
        min_value=1,
        max_value=MOST_PEOPLE,
        initial=1,
        label="People",
        help_text="For each passage.",
        error_messages={"required": "Say how many people judge each passage."},
    )
    overlap_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        initial=0,
        label="One more for, in %",
        help_text="Of the passages, drawn by the seed, to measure agreement.",
        error_messages={"required": "Say how many % of the passages one more person judges: 0 for none."},
    )

    def __init__(self, data=None, *, track: Track):
        super().__init__(data, track=track, initial={"runs": track.runs.all()})

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("name") and "depth" in cleaned:
            cleaned["name"] = f"pool-{cleaned['depth']}"
        if cleaned.get("sharing") == EVERYONE:
            self._judged_by_everyone(cleaned)
        return cleaned

    def _judged_by_everyone(self, cleaned: dict) -> None:
        """The fields for sharing are out of sight: what stands in them is dropped, right or wrong."""
        for name, nothing in (("quota", None), ("overlap_percent", 0)):
            self.errors.pop(name, None)
            cleaned[name] = nothing

    def size(self) -> dict:
        """What a valid form says about which pairs the pool holds, as `pool_preview` takes it."""
        depths = self.depths()
        return {"depth": self.cleaned_data["depth"], "runs": list(depths), "depths": depths}

    def terms(self) -> dict:
        """What it says about how they are judged; with `size`, all that `pool_create` takes."""
        return {name: self.cleaned_data[name] for name in ("name", "order", "seed", "quota", "overlap_percent")}


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
    """Whose grades may be suggested, by name, each with the number of `labels`."""
    counted = Count("judgments", filter=Q(judgments__vigilance=False))
    return track.assessors.annotate(labels=counted).order_by("name")
