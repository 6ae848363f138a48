"""Files, one or many at a time."""

from django import forms

from assessment.models import Track


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """A list of uploaded files, none of them empty-named."""

    def __init__(self, **arguments):
        super().__init__(widget=ManyFilesInput(), allow_empty_file=True, **arguments)

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) else [data]
        if not any(files):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return [super(ManyFilesField, self).clean(one, initial) for one in files]


class UploadForm(forms.Form):
    files = ManyFilesField(label="Files", error_messages={"required": "Choose at least one file."})


class RunUploadForm(UploadForm):
    replace = forms.BooleanField(
        required=False,
        label="Replace runs with the same tag",
        help_text="Otherwise a tag that is already there is refused, unless the run is identical.",
    )
    skip_unknown_topics = forms.BooleanField(
        required=False,
        label="Skip lines of topics that the track does not have",
        help_text="They are counted in the report. Otherwise one such line refuses its file.",
    )


class RunDetailsForm(UploadForm):
    files = ManyFilesField(label="CSV file", error_messages={"required": "Choose a file."})

    def __init__(self, data=None, files=None):
        # Two forms with files stand on one page: their fields have ids of their own.
        super().__init__(data, files, auto_id="id_details_%s")


class QrelsUploadForm(RunUploadForm):
    files = ManyFilesField(label="Qrels file", error_messages={"required": "Choose a file."})
    assessor_name = forms.CharField(
        max_length=150,
        label="Whose judgments",
        help_text="A name for the assessor, for example nist. It is made on first use.",
    )
    field_order = ("assessor_name", "files", "replace", "skip_unknown_topics")

    def __init__(self, data=None, files=None, *, track: Track):
        super().__init__(data, files)
        self.track = track
        # The browser offers one file only; a second one that is sent all the same is seen, and refused below.
        self.fields["files"].widget.attrs.pop("multiple", None)
        self.fields["replace"].label = "Replace what this assessor said before"
        self.fields[
            "replace"
        ].help_text = "Otherwise a name that is taken is refused, unless the judgments are identical."

    def clean_files(self):
        files = self.cleaned_data["files"]
        if len(files) > 1:
            raise forms.ValidationError("One qrels file at a time: each is an assessor of its own.")
        return files


class PlanUploadForm(UploadForm):
    files = ManyFilesField(label="Plan", error_messages={"required": "Choose a file."})
