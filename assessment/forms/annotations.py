"""Notes, evidence and scan terms, as the judging page sends them."""

from django import forms

LONGEST_NOTE = 10_000


class NotesForm(forms.Form):
    """What may come with a grade or on its own. A field that is not sent at all is left as it is."""

    note = forms.CharField(required=False, max_length=LONGEST_NOTE)
    evidence = forms.JSONField(required=False)

    def noted(self) -> dict:
        """The arguments `note` and `evidence` of the services; None for what was not sent. Call it when valid."""
        note, evidence = (self.cleaned_data[name] if name in self.data else None for name in ("note", "evidence"))
        return {"note": note if note is None else note.replace("\r\n", "\n"), "evidence": evidence}


class AnnotationForm(NotesForm):
    idempotency_key = forms.UUIDField()


class ScanTermsForm(forms.Form):
    terms = forms.CharField(required=False, max_length=5000)
