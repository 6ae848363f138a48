"""What of a pool goes to people: a rule on how sure a judge is."""

from django import forms

from assessment.domain.routing import CONFIDENCE, ENTROPY, MARGIN, Rule
from assessment.models import Assessor, Pool, User
from assessment.services.routing import RoutingPreview, routed_pool_create, routing_preview

from .domain import DomainForm
from .pools import SourceChoice, possible_sources


class RoutingForm(DomainForm):
    judge = SourceChoice(
        queryset=None,
        empty_label="Choose a judge",
        help_text="Its labels are compared with the rule. An ensemble is a judge too.",
    )
    signal = forms.ChoiceField(
        choices=[
            (CONFIDENCE, "confidence below"),
            (MARGIN, "margin below"),
            (ENTROPY, "entropy above"),
        ],
        initial=CONFIDENCE,
        label="Unsure is a",
        help_text="Confidence: the probability of the grade; margin: its lead over the next; entropy is in bits.",
    )
    threshold = forms.FloatField(min_value=0, initial=0.6, widget=forms.NumberInput(attrs={"step": "any"}))
    audit_percent = forms.FloatField(
        min_value=0,
        max_value=100,
        initial=5,
        label="Audit, % of the rest",
        help_text="Drawn at random. What people say of it tells how often the judge errs where it was sure.",
        widget=forms.NumberInput(attrs={"step": "any"}),
    )
    seed = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, initial=0, help_text="The same seed draws the same pairs."
    )
    name = forms.CharField(
        max_length=80, required=False, help_text="Assessors see it: let it say nothing of the judge."
    )

    def __init__(self, data=None, *, pool: Pool):
        super().__init__(data)
        self.pool = pool
        self.fields["judge"].queryset = possible_sources(pool.track).filter(kind=Assessor.Kind.LLM, labels__gt=0)
        self.fields["name"].widget.attrs["placeholder"] = self.default_name

    @property
    def default_name(self) -> str:
        return f"{self.pool.name[:75]}-part"

    def preview(self) -> RoutingPreview | None:
        """Where the pairs would go; None, with the reason in the form, where that cannot be said."""
        if not self.is_valid():
            return None
        return self.attempt(routing_preview, pool=self.pool, judge=self.cleaned_data["judge"], rule=self._rule())

    def make(self, by: User) -> Pool | None:
        """The routed pool; None, with the reason in the form, where it is refused."""
        if not self.is_valid():
            return None
        name = self.cleaned_data["name"] or self.default_name
        judge = self.cleaned_data["judge"]
        return self.attempt(routed_pool_create, pool=self.pool, judge=judge, rule=self._rule(), name=name, by=by)

    def _rule(self) -> Rule:
        return Rule(*(self.cleaned_data[name] for name in Rule._fields))
