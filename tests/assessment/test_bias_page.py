"""Where two assessors part, on the page; which models are declared."""

import csv
import io

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment, Run
from assessment.selectors.biases import biases_of
from assessment.selectors.comparisons import compare
from assessment.selectors.leaderboards import assessors_with_grades


@pytest.fixture
def umbrela(track, topics, documents):
    umbrela = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="umbrela")
    Judgment.objects.bulk_create(
        Judgment(assessor=umbrela, topic=topics[0], document=document, grade=grade)
        for document, grade in zip(documents, [3, 3, 0], strict=False)
    )
    return umbrela


@pytest.fixture
def look(client, vera):
    client.force_login(vera)
    return lambda **query: client.get(reverse("compare_bias", args=["small"]), query)


def found(track, nist, umbrela):
    umbrela.refresh_from_db()
    return biases_of(compare(track, nist, umbrela, "nDCG@10"), list(assessors_with_grades(track)))


def test_nothing_declared_says_what_to_do(look, runs, nist, umbrela):
    page = look().content.decode()
    assert "python3 manage.py declare_models small --assessor umbrela --models MODEL" in page
    assert "python3 manage.py describe_runs small FILE" in page
    assert "grades <strong>+0.333</strong> from nist" in page


def test_a_run_of_the_judges_own_kin_is_flagged(look, track, runs, nist, umbrela):
    Run.objects.filter(tag="up").update(language_models="gpt-4o-mini, bge", team="orca")
    call_command("declare_models", "small", "--assessor", "umbrela", "--models", "gpt-4o")
    biases = found(track, nist, umbrela)
    (kin,) = biases.kin
    assert (kin.run.tag, kin.how) == ("up", "family")
    others = {row.tag: row.automatic - row.manual for row in biases.comparison.runs}
    assert kin.against_others == pytest.approx(others["up"] - others["down"])
    assert [row.name for row in biases.groups["model family"]] == ["bge", "gpt"]
    assert set(biases.groups) == {"team", "model family"}
    page = look().content.decode()
    assert "the judge’s own family" in page
    assert "1 run declares the judge’s own model or family" in page


def test_imported_labels_with_a_model_count_as_a_judges(track, runs, nist, umbrela):
    assert [(row.name, row.n) for row in found(track, nist, umbrela).pairs] == [
        ("judge–judge", 0),
        ("judge–human", 0),
        ("human–human", 1),
    ]
    call_command("declare_models", "small", "--assessor", "umbrela", "--models", "gpt-4o")
    pairs = found(track, nist, umbrela).pairs
    assert [(row.name, row.n) for row in pairs][1] == ("judge–human", 1)
    assert pairs[1].kappa == pytest.approx((2 / 3 - 3 / 9) / (1 - 3 / 9))


def test_models_are_declared_of_imported_labels_alone(track, nist, judge):
    with pytest.raises(DomainError, match="is not imported"):
        call_command("declare_models", "small", "--assessor", judge.name, "--models", "gpt-4o")
    with pytest.raises(DomainError, match="at most 300 characters"):
        call_command("declare_models", "small", "--assessor", "nist", "--models", "x" * 301)


def test_tables_and_charts_download(look, runs, nist, umbrela):
    for table, first in (("grades", "grade"), ("topics", "topic"), ("groups", "by"), ("runs", "run")):
        rows = list(csv.reader(io.StringIO(look(csv=table).content.decode())))
        assert rows[0][0] == first
    for chart in ("topics", "ranks"):
        assert look(chart=chart).content.startswith(b"%PDF")


def test_without_runs_the_grades_are_told_all_the_same(look, nist, umbrela):
    page = look().content.decode()
    assert "By manual grade" in page
    assert "Ranks gained and lost" not in page
    assert "is not known. Known are" in look(measure="F1").content.decode()
