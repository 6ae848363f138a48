"""What the judging page sends."""

from django import forms

from assessment.forms.annotations import NotesForm
from assessment.models import JudgmentState

LONGEST_VISIT_MS = 7 * 24 * 3600 * 1000


class KeysField(forms.CharField):
    """Keys of passages, parted by spaces."""

    def to_python(self, value) -> list[int]:
        parts = super().to_python(value).split()
        if not all(part.isdecimal() and len(part) < 19 for part in parts):
            raise forms.ValidationError("Keys of passages are numbers.")
        return [int(part) for part in parts]


class LeaseForm(forms.Form):
    """A sign of life: `item` is open in the `tab`, `ahead` are the passages behind it. `take`: the tab takes over;
    `next`: it has nothing more to show; `column`: it wants to know how all passages stand; `left`: it goes away."""

    tab = forms.UUIDField()
    item = forms.IntegerField(required=False)
    ahead = KeysField(required=False, max_length=2000)
    take = forms.BooleanField(required=False)
    next = forms.BooleanField(required=False)
    column = forms.BooleanField(required=False)
    left = forms.BooleanField(required=False)


class UndoForm(forms.Form):
    """`want` is the passage that the browser would like to have with the reply."""

    idempotency_key = forms.UUIDField()
    want = forms.IntegerField(required=False)


class JudgmentForm(NotesForm, UndoForm):
    """One press of a key. `accepted` is the suggested grade taken over; `shown` is 0 if no suggestion was in sight. Of
    a served duty, `tab` is where it was pressed, and `ahead` are the unjudged passages that are there already."""

    grade = forms.IntegerField(required=False)
    accepted = forms.IntegerField(required=False)
    state = forms.ChoiceField(choices=JudgmentState, required=False)
    reason = forms.CharField(required=False, max_length=2000)
    active_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)
    away_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)
    shown = forms.IntegerField(required=False)
    tab = forms.UUIDField(required=False)
    ahead = KeysField(required=False, max_length=2000)

    def judgment(self) -> dict:
        """The arguments of `judgment_record` that come from the browser. Call it when the form is valid."""
        data = self.cleaned_data
        accepted = data["accepted"] is not None
        state = data["state"] or JudgmentState.GRADED
        return {
            "grade": data["accepted"] if accepted else data["grade"],
            "accepted": accepted,
            "state": state,
            "reason": "" if state == JudgmentState.GRADED else data["reason"],
            # A form without the field (a script's) leaves it to the duty what was seen.
            "suggestion_seen": data["shown"] != 0,
            **{name: data[name] for name in ("idempotency_key", "active_ms", "away_ms")},
            **self.noted(),
        }
