"""Which runs a pool is made of, and how deep each of them goes into it."""

from collections.abc import Iterable
from typing import NamedTuple

from django import forms

from assessment.models import Pool, Run, Track

from .domain import DomainForm

DEEPEST = 10_000


class RunRow(NamedTuple):
    """One run in the form: its tick box, the field for its depth, and how deep it is in the pool already, if it is."""

    run: Run
    box: forms.boundfield.BoundWidget
    depth: forms.BoundField
    there: int | None


class RunsForm(DomainForm):
    """Runs to tick, each with a depth that may stay empty: then it is the pool's."""

    runs = forms.ModelMultipleChoiceField(
        queryset=None,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "A pool needs at least one run: tick it."},
    )

    def __init__(self, data=None, *, track: Track, there: dict[int, int] | None = None, **options):
        super().__init__(data, **options)
        self.track = track
        self.there = there or {}  # depths by run key
        self.fields["runs"].queryset = track.runs.all()
        for run in self.fields["runs"].queryset:
            self.fields[_depth_of(run.pk)] = _depth_field(run)

    def rows(self) -> Iterable[RunRow]:
        for box in self["runs"]:
            run = box.data["value"].instance
            yield RunRow(run, box, self[_depth_of(run.pk)], self.there.get(run.pk))

    def depths(self) -> dict[Run, int | None]:
        """The ticked runs of a valid form, each with the depth that was asked for it."""
        return {run: self.cleaned_data[_depth_of(run.pk)] for run in self.cleaned_data["runs"]}


class ExtensionForm(RunsForm):
    def __init__(self, data=None, *, pool: Pool):
        there = {row.run_id: row.depth or pool.depth for row in pool.poolrun_set.all()}
        super().__init__(data, track=pool.track, there=there)
        self.pool = pool
        self.fields["runs"].error_messages["required"] = "Tick the runs to add."

    def new_rows(self) -> list[RunRow]:
        return [row for row in self.rows() if row.there is None]

    def rows_there(self) -> list[RunRow]:
        return [row for row in self.rows() if row.there is not None]


def _depth_of(run: int) -> str:
    return f"depth_{run}"


def _depth_field(run: Run) -> forms.IntegerField:
    wrong = f"The depth of {run.tag} is a whole number from 1 to {DEEPEST:,}."
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=DEEPEST,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), wrong),
        widget=forms.NumberInput(
            attrs={"class": "run-depth", "placeholder": "pool’s", "aria-label": f"How deep: {run.tag}"}
        ),
    )
