"""A plan: people, conditions and overlap."""

from django import forms

from assessment.domain.planning import PAIRS, TOPICS
from assessment.models import Condition, Membership, Pool, Reveal, Role, User
from assessment.services.plans import PlanPreview, PlanSettings, plan_apply, plan_preview

from .domain import DomainForm
from .duties import (
    order_field,
    ordering_judge,
    ranked_by_field,
    ranking_judges,
    trusted_assessors,
    trusted_field,
    vigilance_field,
)
from .pools import PersonChoice, SourceChoice, people_who_judge, possible_sources


class PeopleChoice(forms.ModelMultipleChoiceField):
    label_from_instance = PersonChoice.label_from_instance


def weight(condition: Condition, initial: int) -> forms.IntegerField:
    return forms.IntegerField(min_value=0, max_value=100, initial=initial, label=condition.label)


class PlanForm(DomainForm):
    people = PeopleChoice(queryset=None, required=False, widget=forms.CheckboxSelectMultiple)
    manual = weight(Condition.MANUAL, 1)
    filtered = weight(Condition.FILTERED, 0)
    post_edit = weight(Condition.POST_EDIT, 0)
    automatic = weight(Condition.AUTOMATIC, 0)
    suggestion_source = SourceChoice(
        queryset=None,
        required=False,
        empty_label="nobody",
        label="Suggestions by",
        help_text="For every condition but manual.",
    )
    reveal = forms.ChoiceField(
        choices=[(Reveal.ALWAYS, "at once"), (Reveal.COMMIT_THEN_REVEAL, "after the first grade")],
        initial=Reveal.ALWAYS,
        label="Show the suggestion",
        help_text="For post-edit only.",
    )
    overlap_percent = forms.IntegerField(
        min_value=0,
        max_value=100,
        initial=0,
        label="Overlap, %",
        help_text="This share gets a second person, under the same condition.",
    )
    overlap_of = forms.ChoiceField(
        choices=[(TOPICS, "topics"), (PAIRS, "pairs")],
        initial=TOPICS,
        label="Overlap of",
        help_text="Whole topics, or the same share of every topic's pairs.",
    )
    order = order_field()
    ranked_by = ranked_by_field()
    vigilance_percent = vigilance_field()
    trusted = trusted_field()
    seed = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, initial=0, help_text="The same seed gives the same plan."
    )
    every_topic = forms.BooleanField(
        required=False,
        label="Also plan topics that somebody has already",
        help_text="Otherwise only those that nobody has in this pool.",
    )

    def __init__(self, data=None, *, pool: Pool):
        assessors = Membership.objects.filter(track=pool.track_id, role=Role.ASSESSOR).values("user")
        people = people_who_judge(pool.track)
        super().__init__(data, initial={"people": people.filter(pk__in=assessors)})
        self.pool = pool
        self.fields["people"].queryset = people
        self.fields["suggestion_source"].queryset = possible_sources(pool.track)
        self.fields["trusted"].queryset = trusted_assessors(pool.track)
        self.fields["ranked_by"].queryset = ranking_judges(pool.track)

    @property
    def weights(self):
        """The fields of the conditions' weights."""
        return [self[condition.value] for condition in Condition]

    def preview(self) -> PlanPreview | None:
        """What the plan would give to whom; None, with the reason in the form, where there is none."""
        if not self.is_valid():
            return None
        return self.attempt(plan_preview, pool=self.pool, settings=self._settings())

    def apply(self, by: User) -> int | None:
        """How many duties are new or changed; None, with the reason in the form, when the plan is refused."""
        if not self.is_valid():
            return None
        shown = self.data.get("shown", "")
        return self.attempt(plan_apply, pool=self.pool, settings=self._settings(), shown=shown, by=by)

    def _settings(self) -> PlanSettings:
        cleaned = self.cleaned_data
        return PlanSettings(
            people=list(cleaned["people"]),
            weights={condition.value: cleaned[condition.value] for condition in Condition},
            suggestion_source=cleaned["suggestion_source"],
            reveal=cleaned["reveal"],
            overlap_percent=cleaned["overlap_percent"],
            overlap_of=cleaned["overlap_of"],
            order=cleaned["order"],
            vigilance_percent=cleaned["vigilance_percent"] or 0,
            trusted=cleaned["trusted"] if cleaned["vigilance_percent"] else None,
            ranked_by=ordering_judge(cleaned),
            seed=cleaned["seed"],
            every_topic=cleaned["every_topic"],
        )
