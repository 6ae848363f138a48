"""What a judge will take: counted pairs, tokens by earlier calls or by a sample of real prompts, time as measured."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from assessment.domain.errors import DomainError
from assessment.models import Document, PoolItem
from assessment.services.people import assessor_ensure
from assessment.services.tracks import track_create
from llm_worker.domain.estimates import Basis
from llm_worker.engines import Reply
from llm_worker.models import JudgeConfiguration, LlmCall, LlmJob
from llm_worker.selectors.asking import judge_rate
from llm_worker.services import rendering
from llm_worker.services.estimates import estimate
from llm_worker.services.jobs import job_cancel, job_create
from llm_worker.services.starting import job_start
from tests.llm_worker.conftest import fill_pool, scripted_judge, work_off


def told(text="##final score: 2", tokens_in=100, tokens_out=4, **more):
    return Reply(text=text, finish_reason="stop", tokens_in=tokens_in, tokens_out=tokens_out, **more)


def test_before_any_call_tokens_come_from_the_letters_of_real_prompts_and_time_is_not_known(pool, judge):
    found = estimate(pool=pool, judge=judge)
    assert (found.total, found.judged, found.under_way, found.pairs, found.asked) == (6, 0, 0, 6, 6)
    assert found.one.tokens_in.basis == Basis.ESTIMATED
    assert "6 real pairs" in found.one.tokens_in.source
    assert found.one.tokens_in.value > 100
    assert (found.one.tokens_out.basis, found.one.tokens_out.value) == (Basis.AT_MOST, 100)
    assert (found.seconds.value, found.cost.value) == (None, None)


def test_the_web_never_wakes_the_engine(pool, judge, monkeypatch):
    judge.max_passage_tokens = 5
    judge.save()
    monkeypatch.setattr("llm_worker.job_kinds.prompted.engine_for", lambda *_: pytest.fail("the engine was asked for"))
    assert estimate(pool=pool, judge=judge).one.tokens_in.value
    item = pool.items.select_related("topic", "document").first()
    assert rendering.rendered_prompt(judge=judge, track=pool.track, item=item).messages


def test_the_command_may_have_the_engine_count_the_rendered_prompts(pool, judge):
    found = estimate(pool=pool, judge=judge, engine_measures=True, sample=2)
    assert found.one.tokens_in.basis == Basis.MEASURED
    assert "2 real pairs, by the model’s own tokenizer" in found.one.tokens_in.source
    # The scripted engine counts words, and finds as many in each prompt as there are.
    prompt = rendering.rendered_prompt(judge=judge, track=pool.track, item=pool.items.first()).asked.request
    assert found.one.tokens_in.value == pytest.approx(sum(len(one.content.split()) for one in prompt.messages), abs=3)


def test_the_sample_is_the_same_for_the_same_seed_and_another_for_another(track, judge):
    pool = fill_pool(track, topics=3, passages=20)
    for place, document in enumerate(Document.objects.all()):
        Document.objects.filter(pk=document.pk).update(text="word " * place)
    read = [estimate(pool=pool, judge=judge, sample=3, seed=seed).one.tokens_in.value for seed in (1, 1, 2)]
    assert read[0] == read[1] != read[2]


def test_after_some_calls_tokens_are_their_mean_and_money_follows(pool, judge, engine):
    judge.price_in, judge.price_out, judge.currency = Decimal("3"), Decimal("15"), "EUR"
    judge.save()
    engine.enqueue(*[told(tokens_in=100 + n, tokens_out=4) for n in range(5)])
    work_off(job_create(pool=pool, judge=judge, limit=5))
    found = estimate(pool=pool, judge=judge)
    assert (found.judged, found.asked) == (5, 1)
    assert (found.one.tokens_in.value, found.one.tokens_out.value) == (102, 4)
    assert found.one.tokens_in.basis == Basis.MEASURED
    assert "5 calls of this judge in small" in found.one.tokens_in.source
    assert found.cost.value == (Decimal(102) * 3 + 4 * 15) / 1_000_000
    assert found.currency == "EUR"


def test_calls_of_another_track_count_where_this_one_has_too_few(pool, judge, engine, alice):
    other = fill_pool(track_create(slug="other", name="Other", scale=range(4), created_by=alice))
    engine.enqueue(*[told(tokens_in=200)] * 6)
    work_off(job_create(pool=other, judge=judge))
    found = estimate(pool=pool, judge=judge)
    assert (found.one.tokens_in.value, found.asked) == (200, 6)
    assert "6 calls of this judge in all tracks" in found.one.tokens_in.source


def test_time_is_at_the_rate_of_the_judges_earlier_calls(pool, judge):
    job = job_create(pool=pool, judge=judge, limit=4)
    began = timezone.now()
    for place, call in enumerate(job.calls.all(), 1):
        LlmCall.objects.filter(pk=call.pk).update(
            status="ok", grade=1, finished_at=began + timedelta(seconds=2 * place), latency_ms=2000, worker="host:1"
        )
    found = estimate(pool=pool, judge=judge)
    assert found.seconds.value == pytest.approx(2 * 2)
    assert "measured on 4 calls of this judge by one worker" in found.seconds.source


def test_replies_taken_over_from_a_trial_and_calls_of_batch_files_tell_no_rate(pool, judge):
    job = job_create(pool=pool, judge=judge)
    job.calls.update(finished_at=job.created_at - timedelta(hours=1), latency_ms=1000, status="ok", grade=1)
    assert judge_rate(judge) is None
    job.calls.update(finished_at=timezone.now())
    assert judge_rate(judge).calls == 6
    LlmJob.objects.update(mode="batch")
    assert judge_rate(judge) is None


def test_what_is_asked_already_what_has_no_text_and_what_a_trial_has_answered_cost_no_request(pool, judge, engine):
    work_off(job_create(pool=pool, judge=judge, limit=1, mode=LlmJob.Mode.TRIAL))
    job_create(pool=pool, judge=judge, limit=1, mode=LlmJob.Mode.TRIAL)
    tried = LlmCall.objects.filter(trial=True).values_list("document", flat=True)
    Document.objects.exclude(pk__in=tried).filter(docid__startswith="q2").update(text=None)
    found = estimate(pool=pool, judge=judge)
    without = PoolItem.objects.filter(pool=pool, document__text=None).count()
    assert (found.pairs, found.from_trials, found.without_text) == (6, 1, without)
    assert found.asked == 6 - 1 - without


def test_a_limit_counts_the_first_pairs_in_the_order_of_asking(pool, judge):
    Document.objects.filter(docid="q1-d1").update(text=None)
    found = estimate(pool=pool, judge=judge, limit=2)
    assert (found.pairs, found.without_text, found.asked) == (2, 1, 1)


def test_pairs_under_way_are_not_counted_again_and_cancelled_ones_are(pool, judge):
    job = job_create(pool=pool, judge=judge, limit=4)
    assert (estimate(pool=pool, judge=judge).under_way, estimate(pool=pool, judge=judge).pairs) == (4, 2)
    job_cancel(job=job)
    assert estimate(pool=pool, judge=judge).pairs == 6


def test_planted_passages_are_of_no_pool(pool, judge, bob):
    item = pool.items.first()
    duty = pool.duties.create(
        topic=item.topic, assessor=assessor_ensure(track=pool.track, user=bob), condition="manual"
    )
    planted = Document.objects.create(collection=pool.track.collection, docid="planted", text="x")
    PoolItem.with_planted.create(
        pool=pool, topic=item.topic, document=planted, position=99, best_rank=1, lot=1, run_ids=[], ranks=[],
        planted_for=duty, planted={"grade": 0}, trusted_grade=3, trusted_by=duty.assessor,
    )  # fmt: skip
    assert estimate(pool=pool, judge=judge).total == 6


def test_a_lexical_judge_reads_no_tokens_and_costs_nothing(pool):
    found = estimate(pool=pool, judge=JudgeConfiguration.objects.get(name="lexical-bm25"))
    assert (found.one.tokens_in.value, found.cost.value) == (0, 0)


def test_an_empty_pool_has_an_estimate(track, judge):
    found = estimate(pool=fill_pool(track, "empty", topics=0), judge=judge)
    assert (found.total, found.asked, found.one.tokens_in.value) == (0, 0, None)
    assert {line.label for line in found.lines()} == {"Pairs", "Tokens read", "Tokens written", "Cost", "Time"}


def test_a_changed_prompt_file_is_told(pool, judge):
    JudgeConfiguration.objects.filter(pk=judge.pk).update(prompt_sha256="0" * 64)
    with pytest.raises(DomainError, match="has changed since"):
        estimate(pool=pool, judge=JudgeConfiguration.objects.get(pk=judge.pk))


def test_a_started_job_keeps_what_was_expected_of_it(pool, judge, alice):
    job = job_start(pool=pool, judge=judge, limit=4, by=alice)
    job.refresh_from_db()
    assert (job.estimate["asked"], job.estimate["seconds"]["basis"]) == (4, "not known")


def test_a_button_pressed_twice_starts_one_job(pool, judge, alice, vera):
    first = job_start(pool=pool, judge=judge, limit=2, by=alice, seen=0)
    assert job_start(pool=pool, judge=judge, limit=2, by=alice, seen=0) == first
    assert LlmJob.objects.count() == 1
    assert job_start(pool=pool, judge=judge, limit=2, by=alice, seen=first.pk) != first
    assert job_start(pool=pool, judge=scripted_judge("other"), limit=2, by=alice, seen=0) != first


def test_the_command_says_what_it_would_take_and_starts_nothing(pool, judge, capsys):
    call_command("judge", "small", "--judge", "judge", "--limit", "4", "--dry-run")
    said = capsys.readouterr().out
    assert "4 to ask" in said
    assert "6 real pairs, by the model’s own tokenizer" in said
    assert "Not measured yet: a trial measures it." in said
    assert said.endswith("Nothing was started.\n")
    call_command("judge", "small", "--judge", "judge", "--dry-run", "--format", "json")
    assert json.loads(capsys.readouterr().out)["asked"] == 6
    assert not LlmJob.objects.exists()


def test_the_form_shows_the_estimate_of_what_is_chosen(client, pool, judge, alice, vera):
    client.force_login(alice)
    address = reverse("job_estimate", args=["small", pool.pk])
    assert "3 to ask" in client.get(address, {"judge": "judge", "limit": 3}).content.decode()
    assert "Fill in the form" in client.get(address, {"judge": "judge", "limit": "x"}).content.decode()
    client.force_login(vera)
    assert client.get(address, {"judge": "judge"}).status_code == 404


def test_the_form_starts_one_job_with_its_limits_however_often_it_is_sent(client, pool, judge, alice):
    client.force_login(alice)
    asked = {"judge": "judge", "limit": 2, "seen": 0, "max_tokens": 5000, "max_minutes": 3, "max_failures": 1}
    first, second = (client.post(reverse("job_create", args=["small", pool.pk]), asked) for _ in range(2))
    job = LlmJob.objects.get()
    assert first.url == second.url == reverse("job", args=[job.pk])
    assert (job.max_tokens, job.max_seconds, job.max_failures, job.estimate["asked"]) == (5000, 180, 1, 2)
    assert "What was expected" in client.get(first.url).content.decode()
