"""`adjudicate`, `export_qrels` and `export_judgments` on an adjudication."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError
from assessment.models import Adjudication, Judgment, Role
from assessment.services.people import member_set


@pytest.fixture
def sources(nist, judge, topics, documents):
    """On q1 nist says 3 2 0 0 of d1 to d4, the judge 3 1 0: two agreed, one open, one single."""
    for document, value in zip(documents, [3, 1, 0], strict=False):
        Judgment.objects.create(assessor=judge, topic=topics[0], document=document, grade=value)


def run(*arguments, command="adjudicate"):
    out = StringIO()
    call_command(command, "small", *arguments, stdout=out)
    return out.getvalue()


ARGUMENTS = ("--name", "gold", "--sources", "nist", "lexical")


def test_it_takes_over_and_says_what_is_left_and_again_changes_nothing(sources, alice):
    assert run(*ARGUMENTS).splitlines() == [
        "gold: 2 agreed and 0 single taken over",
        "2 agreed, 1 to decide, 0 decided, 0 of them changed since, 1 graded by one only",
    ]
    assert Adjudication.objects.get().adjudicator == alice  # the only organizer
    assert run(*ARGUMENTS, "--singles").startswith("gold: 0 agreed and 1 single taken over")
    assert run(*ARGUMENTS, "--singles").startswith("gold: 0 agreed and 0 single taken over")
    assert Adjudication.objects.count() == 1


def test_its_labels_leave_the_house_like_any_others(sources):
    run(*ARGUMENTS)
    assert run("--assessor", "gold", command="export_qrels") == "q1 0 d1 3\nq1 0 d3 0\n"
    told = [json.loads(line) for line in run(command="export_judgments").splitlines()]
    own = [one for one in told if one["assessor"] == "gold"]
    assert [(one["kind"], [event["kind"] for event in one["history"]]) for one in own] == [
        ("adjudicated", ["taken_over"])
    ] * 2
    agreement = json.loads(run("--a", "gold", "--b", "nist", command="agreement"))
    assert (agreement["n"], agreement["exact"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--name", "gold", "--sources", "nist", "nobody"), "no assessor 'nobody'"),
        (("--name", "gold", "--sources", "nist"), "choose two"),
        ((*ARGUMENTS, "--pool", "p"), "no pool 'p'"),
        ((*ARGUMENTS, "--adjudicator", "nobody"), "no account named nobody"),
        ((*ARGUMENTS, "--adjudicator", "vera"), "neither organizer nor assessor"),
        (("--name", "lexical", "--sources", "nist", "lexical"), "is another assessor here"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(sources, arguments, sentence):
    with pytest.raises(DomainError, match=sentence):
        run(*arguments)
    assert not Adjudication.objects.exists()


def test_a_name_stands_for_one_adjudication_only(sources, pool, bob, alice, track):
    run(*ARGUMENTS, "--adjudicator", "bob")
    for other in (("--pool", "pool-2"), ("--adjudicator", "alice")):
        with pytest.raises(DomainError, match="gold is there already"):
            run(*ARGUMENTS, *other)
    assert run(*ARGUMENTS, "--adjudicator", "bob").startswith("gold: 0 agreed")


def test_several_organizers_must_be_told_apart(sources, bob, alice, track):
    member_set(track=track, user=bob, role=Role.ORGANIZER, by=alice)
    with pytest.raises(DomainError, match="2 organizers: name one"):
        run(*ARGUMENTS)
