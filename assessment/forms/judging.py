"""What the judging page sends."""

from django import forms

from assessment.models import JudgmentState

LONGEST_VISIT_MS = 7 * 24 * 3600 * 1000


class UndoForm(forms.Form):
    """`want` is the passage that the browser would like to have with the reply."""

    idempotency_key = forms.UUIDField()
    want = forms.IntegerField(required=False)


class JudgmentForm(UndoForm):
    """One press of a key. `accepted` is the suggested grade taken over; `shown` is 0 if no suggestion was in sight."""

    grade = forms.IntegerField(required=False)
    accepted = forms.IntegerField(required=False)
    state = forms.ChoiceField(choices=JudgmentState, required=False)
    reason = forms.CharField(required=False, max_length=2000)
    active_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)
    away_ms = forms.IntegerField(required=False, min_value=0, max_value=LONGEST_VISIT_MS)
    shown = forms.IntegerField(required=False)

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
        }
