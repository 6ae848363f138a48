"""A track and its scale."""

from collections.abc import Sequence

from django import forms

from assessment.domain.scales import LARGEST_GRADE, LONGEST_LABEL, PRESETS, RESERVED_KEYS, GradeSpec
from assessment.models import Track

from .domain import DomainForm

BLANK_ROWS = 2


class GradeForm(forms.Form):
    value = forms.IntegerField(required=False, min_value=0, max_value=LARGEST_GRADE, label="Grade")
    key = forms.CharField(required=False, max_length=1, label="Key")
    label = forms.CharField(required=False, max_length=LONGEST_LABEL, label="Label")
    definition = forms.CharField(required=False, label="What it means", widget=forms.Textarea(attrs={"rows": 1}))

    def clean(self):
        cleaned = super().clean()
        if self.is_blank() or cleaned.get("value") is not None or "value" in self.errors:
            return cleaned
        self.add_error("value", "Which number? Empty the whole row to leave it out.")
        return cleaned

    def is_blank(self) -> bool:
        return not any(str(self.data.get(self.add_prefix(name), "")).strip() for name in self.fields)

    def grade(self) -> GradeSpec:
        """An empty key is the grade's own digit."""
        cleaned = self.cleaned_data
        return GradeSpec(
            cleaned["value"], cleaned["key"] or str(cleaned["value"]), cleaned["label"], cleaned["definition"]
        )


GradeFormSet = forms.formset_factory(GradeForm, extra=0, max_num=40)


class TrackForm(DomainForm):
    """Without a track it makes one, otherwise it changes that one (whose short name stays). `scale` is a formset."""

    name = forms.CharField(max_length=200, help_text="As it stands on every page, for example “Deep Learning 2021”.")
    slug = forms.SlugField(
        max_length=60, label="Short name", help_text="For addresses and commands; it cannot be changed later."
    )
    description = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Markdown: what the track is about, where its data come from, under which licences.",
    )
    guidelines = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Markdown: what assessors can read beside every passage.",
    )
    relevant_from = forms.IntegerField(
        min_value=0,
        max_value=LARGEST_GRADE,
        initial=1,
        help_text="The lowest grade that counts as relevant where a measure knows only yes and no (AP, P, Recall).",
    )
    preset = forms.ChoiceField(
        required=False, choices=[(name, f"{name}: {len(scale)} grades") for name, scale in PRESETS.items()]
    )

    def __init__(self, data=None, *, track: Track | None = None):
        super().__init__(data, initial=_initial(track))
        self.track = track
        if track is not None:
            del self.fields["slug"]
        if data is not None and "preset_apply" in data:
            chosen = PRESETS.get(data.get("preset", ""), PRESETS["0-3"])
            self.scale = GradeFormSet(prefix="scale", initial=_rows(chosen))
        elif data is not None:
            self.scale = GradeFormSet(data, prefix="scale")
        else:
            self.scale = GradeFormSet(prefix="scale", initial=_rows(_grades_of(track)))

    @property
    def reserved_keys(self) -> str:
        return ", ".join(sorted(RESERVED_KEYS)).upper()

    def is_valid(self) -> bool:
        return super().is_valid() & self.scale.is_valid()

    def arguments(self) -> dict:
        """What track_create or track_update takes, of a valid form."""
        grades = sorted(row.grade() for row in self.scale if not row.is_blank())
        names = ("slug", "name", "description", "guidelines", "relevant_from")
        given = {name: self.cleaned_data[name] for name in names if name in self.fields} | {"scale": grades}
        return given if self.track is None else given | {"track": self.track}


def _initial(track: Track | None) -> dict:
    if track is None:
        return {"preset": "0-3"}
    return {name: getattr(track, name) for name in ("name", "description", "guidelines", "relevant_from")}


def _grades_of(track: Track | None) -> Sequence[GradeSpec]:
    if track is None:
        return PRESETS["0-3"]
    return [GradeSpec(*row) for row in track.grades.values_list("value", "key", "label", "definition")]


def _rows(grades: Sequence[GradeSpec]) -> list[dict]:
    return [grade._asdict() for grade in grades] + [{}] * BLANK_ROWS
