"""Labels of nuggets by people: what is saved, what is refused, and what an assessor gets to see."""

from uuid import uuid4

import pytest
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Membership
from nuggets.models import AssignmentEvent, BankVersion, NuggetAssignment, VersionNugget
from nuggets.selectors.assigning import answer_queue, answer_sheet, duty_list
from nuggets.services.assignments import StaleWording, assignment_save, assignment_save_nothing, assignment_take_back
from nuggets.services.duties import nugget_duty_close, nugget_duty_create
from tests.factories import make_assessor, make_judge, make_track, make_user
from tests.nuggets.factories import assign, make_answer, make_topic, make_topic_bank, reword, wordings_of

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def track():
    return make_track()


@pytest.fixture
def topic_bank(track):
    return make_topic_bank(make_topic(track))


@pytest.fixture
def bob(track):
    return make_assessor(track, make_user("bob"))


@pytest.fixture
def duty(topic_bank, bob):
    return nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign")


@pytest.fixture
def answer(topic_bank):
    return make_answer(topic_bank.topic)


@pytest.fixture
def post_edit(topic_bank, bob, track, answer):
    """A judge says partial support of the first nugget, and nothing of the second."""
    judge = make_judge(track)
    assign(judge, answer, wordings_of(topic_bank)[0], "partial_support")
    terms = {"condition": "post_edit", "suggestion_source": judge}
    return nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="assign", **terms)


def save(duty, answer, wording, label="support", key=None, **more):
    actor = more.pop("actor", duty.assessor.user)
    said = {"answer": answer.pk, "wording": wording.pk, "label": label, "idempotency_key": key or uuid4()}
    return assignment_save(duty=duty, actor=actor, **said, **more)


def sheet_of(duty, answer):
    nuggets = duty_list(duty)
    return answer_sheet(duty, nuggets, next(one for one in answer_queue(duty, nuggets) if one.pk == answer.pk))


def test_a_label_is_stored_with_its_sentence_its_time_and_its_history(duty, answer, topic_bank):
    first = wordings_of(topic_bank)[0]
    save(duty, answer, first, sentence=1, active_ms=1500, away_ms=20)
    save(duty, answer, first, "partial_support", sentence=0, active_ms=500)
    stored = NuggetAssignment.objects.get()
    assert (stored.label, stored.sentence, stored.condition) == ("partial_support", 0, "manual")
    assert (stored.active_ms, stored.away_ms) == (2000, 20)
    events = AssignmentEvent.objects.values_list("before", "label", "sentence", "actor__username")
    assert list(events) == [("", "support", 1, "bob"), ("support", "partial_support", 0, "bob")]


def test_the_same_key_again_changes_nothing_and_another_pairs_key_is_refused(duty, answer, topic_bank):
    first, second = wordings_of(topic_bank)
    key = uuid4()
    save(duty, answer, first, key=key)
    save(duty, answer, first, "not_support")
    assert save(duty, answer, first, key=key).repeated
    assert (NuggetAssignment.objects.get().label, AssignmentEvent.objects.count()) == ("not_support", 2)
    with pytest.raises(DomainError, match="key of another one"):
        save(duty, answer, second, key=key)


def test_a_label_is_taken_back_once(duty, answer, topic_bank, bob):
    first = wordings_of(topic_bank)[0]
    save(duty, answer, first)
    back = {"duty": duty, "answer": answer.pk, "wording": first.pk, "idempotency_key": uuid4(), "actor": bob.user}
    assert [assignment_take_back(**back).repeated, assignment_take_back(**back).repeated] == [False, True]
    assert not NuggetAssignment.objects.exists()
    assert list(AssignmentEvent.objects.values_list("before", "label")) == [("", "support"), ("support", "")]


def test_a_reworded_nugget_cannot_be_labelled_under_its_old_text_and_is_open_under_the_new(duty, answer, topic_bank):
    first, second = wordings_of(topic_bank)
    save(duty, answer, first)
    save(duty, answer, second, "not_support")
    new = reword(first.nugget, "light is scattered")
    with pytest.raises(StaleWording, match="reworded or taken off the list"):
        save(duty, answer, first, "not_support")
    sheet = sheet_of(duty, answer)
    assert [(line.wording, line.label, line.before) for line in sheet.lines] == [
        (new.pk, "", ("light scatters", "support")),
        (second.pk, "not_support", None),
    ]
    assert answer_queue(duty, duty_list(duty))[0].open == 1
    new.delete()
    first.current = True
    first.save()
    assert sheet_of(duty, answer).open == 0  # undone: its label is there again


def test_a_frozen_list_is_what_is_assigned_whatever_becomes_of_the_draft(duty, answer, topic_bank):
    first, second = wordings_of(topic_bank)
    version = BankVersion.objects.create(topic_bank=topic_bank, number=1, revision=0)
    VersionNugget.objects.create(version=version, wording=first, position=1, importance="vital")
    reword(first.nugget, "light is scattered")
    save(duty, answer, first)
    with pytest.raises(StaleWording):
        save(duty, answer, second)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [({"label": "maybe"}, "no label “maybe”"), ({"sentence": 2}, "no such sentence"), ({"sentence": -1}, "no such")],
)
def test_labels_and_sentences_that_there_are_not_are_refused(duty, answer, topic_bank, more, sentence):
    with pytest.raises(DomainError, match=sentence):
        save(duty, answer, wordings_of(topic_bank)[0], **more)
    assert not NuggetAssignment.objects.exists() and not AssignmentEvent.objects.exists()


def test_nobody_labels_in_anothers_name_another_topics_answer_or_a_closed_duty(duty, answer, topic_bank, track):
    first = wordings_of(topic_bank)[0]
    with pytest.raises(DomainError, match="another person"):
        save(duty, answer, first, actor=make_user("carol"))
    with pytest.raises(DomainError, match="not part of your duty"):
        save(duty, make_answer(make_topic(track, "q2", 2)), first)
    nugget_duty_close(duty=duty)
    with pytest.raises(DomainError, match="has closed this topic"):
        save(duty, answer, first)


def test_an_empty_answer_supports_nothing_in_one_save(duty, topic_bank, bob):
    empty = make_answer(topic_bank.topic, "empty", sentences=())
    said = {"duty": duty, "answer": empty.pk, "idempotency_key": uuid4(), "actor": bob.user}
    save(duty, empty, wordings_of(topic_bank)[0], "partial_support")
    assert [assignment_save_nothing(**said), assignment_save_nothing(**said)] == [1, 0]
    labels = NuggetAssignment.objects.order_by("wording").values_list("label", flat=True)
    assert list(labels) == ["partial_support", "not_support"]
    with pytest.raises(DomainError, match="not empty"):
        assignment_save_nothing(**said | {"answer": make_answer(topic_bank.topic).pk})


def test_the_order_is_the_dutys_own_shuffle_and_stays_when_answers_come(duty, topic_bank):
    answers = [make_answer(topic_bank.topic, f"r{n}") for n in range(12)]
    before = [one.pk for one in answer_queue(duty, duty_list(duty))]
    assert sorted(before) == [answer.pk for answer in answers] != before
    late = make_answer(topic_bank.topic, "late")
    after = [one.pk for one in answer_queue(duty, duty_list(duty))]
    assert [pk for pk in after if pk != late.pk] == before


def test_a_shown_suggestion_is_kept_with_the_label_and_one_that_was_not_seen_is_not(post_edit, answer, topic_bank):
    first = wordings_of(topic_bank)[0]
    save(post_edit, answer, first, suggestion_seen=False)
    assert NuggetAssignment.objects.get(assessor=post_edit.assessor).suggestion == ""
    save(post_edit, answer, first)
    stored = NuggetAssignment.objects.get(assessor=post_edit.assessor)
    assert (stored.suggestion, stored.suggestion_by, stored.label) == (
        "partial_support",
        post_edit.suggestion_source,
        "support",
    )


def page(client, duty, answer):
    client.force_login(duty.assessor.user)
    return client.get(reverse("nugget_assign_answer", args=[duty.pk, answer.pk]))


def test_under_post_edit_the_suggestion_stands_in_the_page_and_under_manual_nothing_of_it(
    client, post_edit, answer, topic_bank, track
):
    assert 'data-suggestion="partial_support"' in page(client, post_edit, answer).text
    carol = make_assessor(track, make_user("carol"))
    manual = nugget_duty_create(topic_bank=topic_bank, assessor=carol, task="assign")
    shown = page(client, manual, answer)
    assert shown.status_code == 200
    for trace in ("data-suggestion", "Suggested", "lexical"):
        assert trace not in shown.text


def test_importance_is_in_the_page_only_where_the_duty_does_not_hide_it(client, duty, answer):
    assert 'data-importance="vital"' in page(client, duty, answer).text
    duty.hides_importance = True
    duty.save()
    shown = page(client, duty, answer).text
    assert "data-importance" not in shown and "vital" not in shown


def test_the_page_shows_sentences_with_their_citations_and_no_name_of_a_run(client, duty, topic_bank):
    answer = make_answer(topic_bank.topic, "famous-lab-run")
    shown = page(client, duty, answer).text
    assert 'data-sentence="1">So it is blue.</span>' in shown
    assert '<sup class="cites" title="what it cites">1</sup>' in shown
    assert "famous-lab" not in shown


def test_the_page_opens_where_something_is_open_and_its_fragment_is_the_same_answer(client, duty, topic_bank, bob):
    one, two = (make_answer(topic_bank.topic, tag) for tag in ("r1", "r2"))
    for wording in wordings_of(topic_bank):
        assign(bob, one, wording, "support")
    client.force_login(bob.user)
    opened = client.get(reverse("nugget_assign", args=[duty.pk]))
    assert opened.context["sheet"].answer == two
    assert client.get(f"{reverse('nugget_assign', args=[duty.pk])}?answer={one.pk}").context["sheet"].answer == one
    address = reverse("nugget_assign_answer", args=[duty.pk, two.pk])
    fragment = client.get(address, headers={"HX-Request": "true"}).text.strip()
    assert fragment.startswith(f'<div class="assign-sheet" id="sheet-{two.pk}"')
    assert fragment in client.get(address).text


def test_the_page_takes_as_many_queries_for_many_answers_as_for_few(client, duty, topic_bank, answer, bob):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert page(client, duty, answer).status_code == 200
        return len(captured)

    page(client, duty, answer)
    few = queries()
    for n in range(5):
        assign(bob, make_answer(topic_bank.topic, f"more{n}"), wordings_of(topic_bank)[0], "support")
    assert queries() == few


def post(client, duty, answer, name="assignment_save", **data):
    client.force_login(duty.assessor.user)
    address = reverse(name, args=[duty.pk, answer.pk])
    return client.post(address, {"idempotency_key": uuid4(), **data}, headers=JSON)


def test_saves_are_told_as_they_stand_and_no_label_takes_one_back(client, duty, answer, topic_bank):
    first = wordings_of(topic_bank)[0].pk
    said = post(client, duty, answer, wording=first, label="support", sentence=0)
    assert said.json() == {"item": {"id": f"{answer.pk}.{first}", "label": "support", "sentence": 0}}
    assert post(client, duty, answer, wording=first, label="").json()["item"]["label"] == ""
    assert not NuggetAssignment.objects.exists()


def test_a_stale_save_is_a_conflict_that_says_what_is_open_now(client, duty, answer, topic_bank):
    first = wordings_of(topic_bank)[0]
    reword(first.nugget, "light is scattered")
    refused = post(client, duty, answer, wording=first.pk, label="support")
    assert (refused.status_code, refused.json()["open"]) == (409, {str(answer.pk): 2})
    assert "reworded" in refused.json()["error"]


def test_a_closed_duty_is_a_conflict_and_can_still_be_read(client, duty, answer, topic_bank):
    nugget_duty_close(duty=duty)
    refused = post(client, duty, answer, wording=wordings_of(topic_bank)[0].pk, label="support")
    assert refused.status_code == 409 and "closed" in refused.json()["error"] and "open" not in refused.json()
    assert "can be read" in page(client, duty, answer).text


def test_an_empty_answer_is_offered_and_saved_by_its_own_address(client, duty, topic_bank):
    empty = make_answer(topic_bank.topic, "empty", sentences=())
    assert "None of the nuggets is in it" in page(client, duty, empty).text
    assert post(client, duty, empty, name="assignment_nothing").status_code == 200
    assert NuggetAssignment.objects.filter(label="not_support").count() == 2


@pytest.mark.parametrize(
    "data",
    [
        {"label": "support"},
        {"wording": 1, "label": "maybe"},
        {"wording": 1, "sentence": -1},
        {"wording": 10**30, "label": "support"},
    ],
)
def test_a_form_that_says_nothing_sensible_is_a_conflict(client, duty, answer, data):
    assert post(client, duty, answer, **data).status_code == 409


def test_without_scripts_a_label_is_a_form_that_leads_on(client, duty, answer, topic_bank):
    client.force_login(duty.assessor.user)
    data = {"idempotency_key": uuid4(), "wording": wordings_of(topic_bank)[0].pk, "label": "support"}
    response = client.post(reverse("assignment_save", args=[duty.pk, answer.pk]), data)
    assert response.headers["Location"] == reverse("nugget_assign", args=[duty.pk])


def test_nobody_else_finds_the_duty_and_neither_does_its_person_without_the_role(client, duty, answer, track, bob):
    pages = [reverse("nugget_assign", args=[duty.pk]), reverse("nugget_assign_answer", args=[duty.pk, answer.pk])]
    saves = [reverse(name, args=[duty.pk, answer.pk]) for name in ("assignment_save", "assignment_nothing")]
    others = [make_assessor(track, make_user("carol")).user, make_user("admin", is_staff=True)]
    Membership.objects.filter(user=bob.user).delete()
    for user in (*others, bob.user):
        client.force_login(user)
        assert [client.get(address).status_code for address in pages] == [404, 404]
        assert [client.post(address).status_code for address in saves] == [404, 404]


def test_a_duty_to_edit_is_none_to_assign(client, topic_bank, bob):
    editing = nugget_duty_create(topic_bank=topic_bank, assessor=bob, task="edit")
    client.force_login(bob.user)
    assert client.get(reverse("nugget_assign", args=[editing.pk])).status_code == 404


def test_pages_without_answers_or_nuggets_say_what_is_missing(client, duty, topic_bank, track, bob):
    client.force_login(bob.user)
    assert "There are no answers yet" in client.get(reverse("nugget_assign", args=[duty.pk])).text
    other = make_topic_bank(make_topic(track, "q2", 2), texts=())
    make_answer(other.topic)
    empty = nugget_duty_create(topic_bank=other, assessor=bob, task="assign")
    assert "There are no nuggets yet" in client.get(reverse("nugget_assign", args=[empty.pk])).text
