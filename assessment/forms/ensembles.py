"""An ensemble: which judges are combined, and by which rule."""

from django import forms

from assessment.models import Ensemble, Track, User
from assessment.selectors.ensembles import Outcome, ensemble_outcome, possible_members
from assessment.services.ensembles import Combination, ensemble_check, ensemble_create

from .adjudications import SourcesChoice
from .domain import DomainForm

MEANINGS = {
    Ensemble.Rule.MEDIAN: "median: the grade in the middle",
    Ensemble.Rule.MEAN: "mean: the grade nearest to the mean",
    Ensemble.Rule.MAJORITY: "majority: the most frequent grade",
}


class EnsembleForm(DomainForm):
    members = SourcesChoice(
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick two judges at least."},
    )
    rule = forms.ChoiceField(choices=list(MEANINGS.items()), help_text="A tie goes to the lower grade, and is counted.")
    quorum = forms.IntegerField(
        min_value=1,
        initial=2,
        help_text="So many of them must have graded a passage; one that failed has no vote, and never counts as 0.",
    )
    name = forms.CharField(max_length=150, initial="ensemble", help_text="Its labels are called so everywhere.")

    def __init__(self, data=None, *, track: Track):
        super().__init__(data)
        self.track = track
        self.fields["members"].queryset = possible_members(track)

    def preview(self) -> Outcome | None:
        """What would come of it; None, with the reason in the form, where that cannot be said. The name does not
        count."""
        self.is_valid()
        chosen = {name: self.cleaned_data.get(name) for name in ("members", "rule", "quorum")}
        if not all(chosen.values()) or len(chosen["members"]) < 2:
            return None
        chosen["members"] = list(chosen["members"])
        before = set(self.errors)
        self.attempt(ensemble_check, track=self.track, **chosen)
        return None if set(self.errors) - before else ensemble_outcome(self.track, **chosen)

    def create(self, by: User) -> tuple[Ensemble, Combination] | None:
        """The ensemble and its labels; None, with the reason in the form, when it is refused."""
        if not self.is_valid():
            return None
        chosen = self.cleaned_data | {"members": list(self.cleaned_data["members"])}
        return self.attempt(ensemble_create, track=self.track, by=by, **chosen)
