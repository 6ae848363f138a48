"""Two judges side by side, before anything is spent, and tried on the same pairs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Document, Judgment
from llm_worker.domain import prompts
from llm_worker.models import JudgeConfiguration, LlmCall, LlmJob
from llm_worker.selectors.configurations import configuration_facts
from llm_worker.selectors.trials import trial, trial_items
from llm_worker.services.jobs import job_create
from llm_worker.services.rendering import rendered_prompt
from llm_worker.services.running import job_halt
from llm_worker.services.trials import trial_start
from tests.llm_worker.conftest import fill_pool, scripted_judge, work_off


@pytest.fixture
def other(db):
    """A second judge, with another answer and another limit; without an enqueued answer it says 1."""
    judge = scripted_judge("other", answer="##final score: 1")
    judge.max_passage_words = 1
    judge.save()
    return judge


@pytest.fixture
def judges(judge, other):
    return [judge, other]


@pytest.fixture
def page(client, pool, judges):
    """The comparison as alice sees it, with other parameters where they are given."""

    def page(user, name="judges_compare", **asked):
        client.force_login(user)
        asked = {"a": "judge", "b": "other", "pool": pool.pk, "size": 4, "seed": 3} | asked
        return client.get(reverse(name, args=["small"]), asked)

    return page


def run_trial(pool, judges, size=4, seed=3):
    jobs = trial_start(pool=pool, judges=judges, size=size, seed=seed)
    for job in jobs:
        work_off(job)
    return jobs


def test_both_judges_are_asked_about_the_same_pairs_of_the_draw(pool, judges):
    asked = [set(job.calls.values_list("topic", "document")) for job in run_trial(pool, judges)]
    drawn = {(item.topic_id, item.document_id) for item in trial_items(pool, 4, 3)}
    assert asked == [drawn, drawn]
    assert {(item.topic_id, item.document_id) for item in trial_items(pool, 4, 4)} != drawn


def test_a_trial_makes_no_judgments_and_a_later_job_asks_none_of_its_pairs_again(pool, judges, engine):
    run_trial(pool, judges)
    assert not Judgment.objects.exists()
    asked = len(engine.history)
    work_off(job_create(pool=pool, judge=judges[0]))
    assert (Judgment.objects.count(), len(engine.history) - asked) == (6, 2)


def test_what_a_judge_has_said_before_is_not_asked_again(pool, judges, engine):
    work_off(job_create(pool=pool, judge=judges[0]))
    asked = len(engine.history)
    (job,) = run_trial(pool, judges)
    assert (job.judge, len(engine.history)) == (judges[1], asked)
    assert trial(pool, judges, 4, 3).is_complete


def test_a_trial_is_asked_again_only_where_it_ended_in_an_error(pool, judges, engine):
    run_trial(pool, judges)
    with pytest.raises(DomainError, match="judge and other were asked about all of these pairs already"):
        trial_start(pool=pool, judges=judges, size=4, seed=3)
    call = LlmCall.objects.filter(judge=judges[0]).first()
    LlmCall.objects.filter(pk=call.pk).update(status="error", grade=None, error="no connection")
    (job,) = run_trial(pool, judges)
    assert list(job.calls.values_list("document", flat=True)) == [call.document_id]
    assert trial(pool, judges, 4, 3).sides[0].failed == 0


def test_pairs_without_a_text_are_not_tried(pool, judges):
    Document.objects.exclude(docid="q1-d1").update(text=None)
    assert [item.document.docid for item in trial_items(pool, 4, 3)] == ["q1-d1"]
    Document.objects.update(text=None)
    with pytest.raises(DomainError, match="No text of pool’s passages is loaded"):
        trial_start(pool=pool, judges=judges, size=4)


@pytest.mark.parametrize("size", [0, -1, 101])
def test_a_trial_is_small(pool, judges, size):
    with pytest.raises(DomainError, match="1 to 100 pairs"):
        trial_start(pool=pool, judges=judges, size=size)


def test_its_result_has_agreement_with_one_another_and_with_those_who_graded_the_pairs(pool, judges, engine):
    engine.enqueue("##final score: 1", "##final score: 1", "##final score: 2", "perhaps")
    nist = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name="nist")
    for item in trial_items(pool, 4, 3)[:2]:
        Judgment.objects.create(assessor=nist, topic=item.topic, document=item.document, grade=1)
    run_trial(pool, judges)
    found = trial(pool, judges, 4, 3)
    first, second = found.sides
    assert (first.ok, first.failed, second.ok, second.failed) == (3, 1, 4, 0)
    assert (found.agreement.n, found.agreement.exact) == (3, pytest.approx(2 / 3))
    ((name, figures),) = second.others
    assert (name, figures.n, figures.exact) == ("nist", 2, 1.0)
    assert sum(row.differs for row in found.rows) == 1


def test_configurations_show_what_differs_and_leave_out_what_neither_has(judges):
    facts = {fact.label: fact for fact in configuration_facts(judges)}
    assert facts["Longest passage"].values == ("800 words", "1 words")
    assert {label for label, fact in facts.items() if fact.differs} == {"Model", "Options", "Longest passage"}
    assert facts["sha256 of the prompt"].values[0] == prompts.find("umbrela.v1").sha256
    assert "Examples" not in facts


def test_the_rendered_prompt_is_what_is_sent_with_the_passage_told_apart(pool, judges, engine):
    (item,) = trial_items(pool, 1, 3)
    rendered = rendered_prompt(judge=judges[0], track=pool.track, item=item)
    run_trial(pool, judges, size=1)
    (sent,) = engine.history
    assert ["".join(piece.text for piece in pieces) for _, pieces in rendered.messages] == [
        message.content for message in sent.messages
    ]
    passages = [piece.text for _, pieces in rendered.messages for piece in pieces if piece.placeholder == "passage"]
    assert passages == [f"A title\n{item.document.text}"]
    assert rendered.asked.messages_sha256 == LlmCall.objects.get(judge=judges[0]).messages_sha256


def test_a_lexical_judge_is_sent_nothing(pool):
    judge = JudgeConfiguration.objects.get(name="lexical-bm25")
    assert rendered_prompt(judge=judge, track=pool.track, item=pool.items.first()) is None


def test_the_page_shows_differences_prompts_and_estimates_and_spends_nothing(page, alice, engine):
    html = page(alice).content.decode()
    assert "1 words" in html
    assert 'data-name="passage"' in html
    assert "Not measured yet: a trial measures it." in html
    assert "it is cut" in html  # by the second judge's limit
    assert (engine.history, LlmJob.objects.count()) == ([], 0)


def test_the_page_opens_without_parameters_on_the_newest_pool(client, pool, judges, alice):
    client.force_login(alice)
    answer = client.get(reverse("judges_compare", args=["small"]))
    assert answer.context["judges"][0].name == "judge"
    assert answer.context["pool"] == pool


def test_a_passage_may_be_picked_and_one_of_another_pool_may_not(page, pool, track, alice):
    mine, foreign = pool.items.last(), fill_pool(track, "second").items.first()
    assert page(alice, item=mine.pk).context["item"] == mine
    assert page(alice, item=foreign.pk).context["item"].pool_id == pool.pk


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"b": "judge"}, "Choose two different judges."),
        ({"a": "nobody"}, "Select a valid choice"),
        ({"pool": 10**30}, "Select a valid choice"),
        ({"size": "many"}, "Enter a whole number"),
        ({"seed": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_compared_is_said_beside_the_choice(page, alice, asked, words):
    answer = page(alice, **asked)
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_without_a_pool_the_page_says_what_to_do_first(client, track, judges, alice):
    client.force_login(alice)
    html = client.get(reverse("judges_compare", args=["small"])).content.decode()
    assert reverse("pools", args=["small"]) in html


def test_without_texts_the_page_says_so(page, alice):
    Document.objects.update(text=None)
    assert "no prompt can be shown" in page(alice).content.decode()


def test_a_judge_whose_prompt_was_changed_leaves_the_other_one_in_sight(page, alice, judges):
    JudgeConfiguration.objects.filter(name="judge").update(prompt_sha256="0" * 64)
    html = page(alice).content.decode()
    assert "has changed since" in html
    assert 'data-name="passage"' in html


def test_alice_starts_a_trial_and_follows_it_until_it_is_over(page, client, pool, alice, judges, engine):
    engine.enqueue("<b>no grade</b>")
    client.force_login(alice)
    asked = {"a": "judge", "b": "other", "pool": pool.pk, "size": 4, "seed": 3}
    answer = client.post(reverse("judges_trial", args=["small"]), asked)
    assert answer.url.endswith("#trial")
    assert "every 2s" in client.get(answer.url).content.decode()
    for job in LlmJob.objects.all():
        assert (job.mode, job.created_by) == ("trial", alice)
        work_off(job)
    fragment = page(alice, "judges_trial")
    html = fragment.content.decode()
    assert "every 2s" not in html
    assert "trial-finished" in fragment["HX-Trigger"]
    assert "&lt;b&gt;no grade&lt;/b&gt;" in html
    assert "give the same grade to 0.00 of the 3 pairs" in html
    assert "measured on 4 calls of this judge" in page(alice).content.decode()


def test_pressed_twice_it_is_one_trial(client, pool, alice, judges):
    client.force_login(alice)
    asked = {"a": "judge", "b": "other", "pool": pool.pk, "size": 4, "seed": 3}
    for _ in range(2):
        client.post(reverse("judges_trial", args=["small"]), asked)
    assert LlmJob.objects.count() == 2


def test_a_halted_trial_says_why_and_asks_no_more(page, pool, alice, judges):
    for job in trial_start(pool=pool, judges=judges, size=4, seed=3):
        job_halt(job=job, reason="The engine is gone.")
    html = page(alice, "judges_trial").content.decode()
    assert "The engine is gone." in html
    assert "every 2s" not in html


@pytest.mark.parametrize("name", ["vera", "bob", "charlie"])
def test_only_an_organizer_compares_judges_and_tries_them(page, client, pool, name, request):
    user = request.getfixturevalue(name)
    assert page(user).status_code == 404
    assert page(user, "judges_trial").status_code == 404
    asked = {"a": "judge", "b": "other", "pool": pool.pk, "size": 4, "seed": 3}
    assert client.post(reverse("judges_trial", args=["small"]), asked).status_code == 404
    assert not LlmJob.objects.exists()


@pytest.mark.parametrize("name", ["judges_compare", "judges_trial"])
def test_nobody_compares_without_a_login(client, track, name):
    answer = client.get(reverse(name, args=["small"]))
    assert answer.status_code == 302
    assert "/login/" in answer.url


def test_a_large_trial_costs_no_more_queries_than_a_small_one(page, client, pool, judges, alice):
    run_trial(pool, judges, size=6)
    page(alice, "judges_trial")  # the first login costs more than those after it
    counts = []
    for size in (1, 6):
        with CaptureQueriesContext(connection) as queries:
            page(alice, "judges_trial", size=size)
        counts.append(len(queries))
    assert counts[0] == counts[1]
