"""What the assignment page sends."""

from django import forms

from assessment.forms.judging import LONGEST_VISIT_MS
from nuggets.models import Label


class NothingForm(forms.Form):
    idempotency_key = forms.UUIDField()


class AssignmentForm(NothingForm):
    """One press of a key. No `label` takes it back; `shown` is 0 where no suggestion was in sight."""

    wording = forms.IntegerField(min_value=1)
    label = forms.ChoiceField(choices=Label, required=False)
    sentence = forms.IntegerField(required=False, min_value=0)
    shown = forms.IntegerField(required=False)
    active_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)
    away_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)

    def said(self) -> dict:
        """What was labelled, as both services take it; with `label`, all that `assignment_save` takes."""
        data = self.cleaned_data
        said = {name: data[name] for name in ("wording", "idempotency_key")}
        if data["label"]:
            said |= {name: data[name] for name in ("label", "sentence", "active_ms", "away_ms")}
            said["suggestion_seen"] = data["shown"] != 0
        return said
