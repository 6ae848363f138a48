"""Ensembles: an assessor made of several judges' labels, which follows them whenever somebody asks."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Ensemble, Judgment, JudgmentState
from assessment.selectors.ensembles import ensembles_of_track, possible_members
from assessment.selectors.exports import qrels_lines
from assessment.services.ensembles import ensemble_combine, ensemble_create
from tests.factories import make_assessor, make_judge, make_pool, make_track, make_user

pytestmark = pytest.mark.django_db


class World:
    """Five passages; three judges, of which c has graded only three and can't judge one more."""

    def __init__(self):
        self.track = make_track()
        self.pool = make_pool(self.track, 5)
        self.documents = [item.document for item in self.pool.items.order_by("position")]
        self.topic = self.track.topics.get()
        self.judges = [make_judge(self.track, name) for name in "abc"]
        for judge, grades in zip(self.judges, ([0, 1, 3, 3, 0], [0, 2, 3, 1, 1], [3, 2, 0]), strict=True):
            for document, grade in zip(self.documents, grades, strict=False):
                Judgment.objects.create(assessor=judge, topic=self.topic, document=document, grade=grade)
        Judgment.objects.create(
            assessor=self.judges[2], topic=self.topic, document=self.documents[3], state=JudgmentState.UNJUDGEABLE
        )

    def make(self, rule="median", quorum=2, name="all", members=None) -> Ensemble:
        made, _ = ensemble_create(track=self.track, name=name, members=members or self.judges, rule=rule, quorum=quorum)
        return made

    def grades(self, ensemble) -> list[int | None]:
        stored = dict(ensemble.result.judgments.values_list("document", "grade"))
        return [stored.get(document.pk) for document in self.documents]


@pytest.fixture
def world():
    return World()


def test_an_ensemble_is_an_assessor_whose_labels_are_what_the_rule_makes(world):
    ensemble = world.make()
    assert world.grades(ensemble) == [0, 2, 3, 1, 0]
    assert ensemble.result.kind == Assessor.Kind.LLM
    assert ensemble.result.caveat == "The median of a, b, c, where 2 or more of them graded."
    first = ensemble.result.judgments.get(document=world.documents[0])
    assert first.confidence == pytest.approx(2 / 3)
    assert first.distribution == {"0": pytest.approx(2 / 3), "1": 0, "2": 0, "3": pytest.approx(1 / 3)}
    assert (first.condition, first.state) == ("automatic", "graded")
    assert [line.split() for line in qrels_lines(ensemble.result)][0] == ["q1", "0", "q1-d1", "0"]


def test_a_quorum_of_all_leaves_out_what_one_of_them_has_not_graded(world):
    assert world.grades(world.make(quorum=3)) == [0, 2, 3, None, None]


def test_combining_anew_follows_the_members_and_twice_changes_nothing(world):
    ensemble = world.make()
    before = dict(ensemble.result.judgments.values_list("document", "updated_at"))
    assert ensemble_combine(ensemble=ensemble)[:2] == (0, 0)
    assert dict(ensemble.result.judgments.values_list("document", "updated_at")) == before
    world.judges[1].judgments.filter(document=world.documents[4]).delete()
    world.judges[2].judgments.filter(document=world.documents[0]).update(grade=0)
    combination = ensemble_combine(ensemble=ensemble)
    assert combination == (1, 1, 4)  # the first is surer now, the last has too few
    assert world.grades(ensemble) == [0, 2, 3, 1, None]
    assert ensemble.result.judgments.get(document=world.documents[0]).confidence == 1


def test_planted_answers_are_no_votes(world):
    Judgment.objects.filter(assessor=world.judges[0]).update(vigilance=True)
    Judgment.objects.filter(assessor=world.judges[2], grade__isnull=False).update(grade=1)
    ensemble = world.make(quorum=1, members=world.judges[1:])
    Judgment.with_vigilance.filter(assessor=world.judges[1]).update(vigilance=True)
    ensemble_combine(ensemble=ensemble)
    assert world.grades(ensemble) == [1, 1, 1, None, None]


def test_a_list_tells_whose_members_have_changed_since(world):
    ensemble = world.make()
    (row,) = ensembles_of_track(world.track)
    assert (row.labels, row.is_stale, [member.name for member in row.members]) == (5, False, ["a", "b", "c"])
    extra = make_pool(world.track, 1, "q2").items.get()
    Judgment.objects.create(assessor=world.judges[0], topic=extra.topic, document=extra.document, grade=1)
    assert ensembles_of_track(world.track)[0].is_stale
    ensemble_combine(ensemble=ensemble)
    assert not ensembles_of_track(world.track)[0].is_stale


def test_people_and_ensembles_are_no_members(world):
    bob = make_assessor(world.track, make_user("bob"))
    Judgment.objects.create(assessor=bob, topic=world.topic, document=world.documents[0], grade=1)
    make_judge(world.track, "silent")
    ensemble = world.make()
    assert [one.name for one in possible_members(world.track)] == ["a", "b", "c"]
    for stranger in (bob, ensemble.result):
        with pytest.raises(DomainError, match="Not to be combined"):
            world.make(name="other", members=[world.judges[0], stranger])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "a"}, "another assessor here"),
        ({"name": " "}, "needs a name"),
        ({"quorum": 4}, "between 1 and 3"),
        ({"quorum": 0}, "between 1 and 3"),
        ({"rule": "best"}, "no rule 'best'"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_stored(world, wrong, said):
    with pytest.raises(DomainError, match=said):
        world.make(**wrong)
    assert not Ensemble.objects.exists()
    assert world.track.assessors.count() == 3


def test_one_member_or_one_named_twice_is_no_ensemble(world):
    with pytest.raises(DomainError, match="two members at least"):
        world.make(members=world.judges[:1])
    with pytest.raises(DomainError, match="Nobody votes twice"):
        world.make(members=[world.judges[0], world.judges[0]])


def told(*arguments) -> str:
    out = StringIO()
    call_command("ensemble", "small", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_makes_combines_and_lists(world):
    assert told("--name", "all", "--members", "a", "b", "c", "--quorum", "2") == (
        "all: 5 labels; 5 new or changed, 0 withdrawn\n"
    )
    assert told("--name", "all") == "all: 5 labels; 0 new or changed, 0 withdrawn\n"
    assert told().splitlines()[1].split("\t") == ["all", "median", "2", "5", "a, b, c", "no"]
    with pytest.raises(DomainError, match="no ensemble 'other'; there are: all"):
        told("--name", "other")


@pytest.fixture
def as_alice(client, world):
    client.force_login(make_user("alice", is_staff=True))
    return client


def test_the_page_shows_what_would_come_of_it_makes_it_and_combines_anew(as_alice, world):
    address = reverse("ensembles", args=["small"])
    chosen = {"members": [judge.pk for judge in world.judges], "rule": "median", "quorum": 2, "name": "all"}
    shown = as_alice.get(reverse("ensemble_preview", args=["small"]), chosen)
    assert (shown.context["outcome"].labelled, shown.context["outcome"].tied) == (5, 2)
    assert not Ensemble.objects.exists()
    assert "members have changed" not in as_alice.post(address, chosen, follow=True).content.decode()
    ensemble = Ensemble.objects.get()
    assert as_alice.post(address, chosen).context["form"].errors  # a double click
    Judgment.objects.filter(assessor=world.judges[0], document=world.documents[0]).delete()
    page = as_alice.post(reverse("ensemble_combine", args=["small", ensemble.pk]), follow=True).content.decode()
    assert "5 labels, 1 new or changed, 0 withdrawn" in page


def test_a_form_that_asks_too_much_says_so(as_alice, world):
    chosen = {"members": [judge.pk for judge in world.judges[:2]], "rule": "mean", "quorum": 3, "name": "x"}
    page = as_alice.get(reverse("ensemble_preview", args=["small"]), chosen).content.decode()
    assert "between 1 and 2" in page


def test_without_judges_the_page_says_what_comes_first(as_alice):
    make_track("empty")
    page = as_alice.get(reverse("ensembles", args=["empty"])).content.decode()
    assert "Two judges come first" in page


def test_an_ensemble_of_another_track_does_not_exist(as_alice, world):
    ensemble = world.make()
    make_track("empty")
    assert as_alice.post(reverse("ensemble_combine", args=["empty", ensemble.pk])).status_code == 404


def test_its_calibration_page_opens(as_alice, world):
    ensemble = world.make()
    nist = Assessor.objects.create(track=world.track, kind=Assessor.Kind.IMPORTED, name="nist")
    Judgment.objects.create(assessor=nist, topic=world.topic, document=world.documents[0], grade=1)
    page = as_alice.get(reverse("calibration", args=["small", ensemble.result_id]))
    assert page.status_code == 200
    assert as_alice.get(reverse("assessors", args=["small"])).status_code == 200
    assert as_alice.get(reverse("judges")).status_code == 200
