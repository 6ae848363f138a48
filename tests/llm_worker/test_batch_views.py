"""Jobs by files in the browser: begun, downloaded, uploaded, and what goes wrong with files."""

import io
import json
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assessment.models import Document, Judgment
from llm_worker.models import CallStatus, JudgeConfiguration, LlmJob
from llm_worker.services.batches import batch_create
from llm_worker.services.jobs import job_create
from llm_worker.services.judges import judge_create
from tests.llm_worker.conftest import fill_pool, scripted_judge
from tests.llm_worker.test_batches import answered, completion

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(pool, judge):
    return batch_create(pool=pool, judge=judge)


@pytest.fixture
def by_files(db):
    """A judge that nobody gave a server's address."""
    return judge_create(name="by files", engine="openai", model="org/big model", prompt="umbrela.v1", decoding="token")


@pytest.fixture
def asked(client, alice):
    """What alice downloads, as JSON."""

    def asked(job, **query):
        client.force_login(alice)
        answer = client.get(reverse("batch_requests", args=[job.pk]), query)
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.getvalue().decode().splitlines()]

    return asked


@pytest.fixture
def upload(client, alice):
    """Alice uploads files of these lines; the page that comes back, as text."""

    def upload(job, *files, user=alice):
        client.force_login(user)
        sent = [SimpleUploadedFile(f"file-{n}.jsonl", "\n".join(lines).encode()) for n, lines in enumerate(files, 1)]
        return client.post(reverse("batch_replies", args=[job.pk]), {"files": sent})

    return upload


def graded(questions, grade=2):
    return [answered(one, completion(f"##final score: {grade}")) for one in questions]


def test_alice_begins_a_job_by_files_from_the_pool(client, pool, judge, alice, engine):
    client.force_login(alice)
    address = reverse("job_create", args=["small", pool.pk])
    answer = client.post(address, {"judge": "judge", "mode": "batch", "limit": 4, "max_tokens": 10**6, "seen": 0})
    job = LlmJob.objects.get()
    assert answer.url == reverse("job", args=[job.pk])
    assert (job.mode, job.created_by, job.max_tokens, job.calls.count()) == ("batch", alice, 10**6, 4)
    assert job.estimate["pairs"] == 4
    assert engine.history == []
    again = client.post(address, {"judge": "judge", "mode": "batch", "seen": 0})
    assert again.url == answer.url, "the button was pressed twice"
    assert "by files, job" in client.get(address).content.decode()


def test_minutes_limit_no_job_by_files(client, pool, judge, alice):
    client.force_login(alice)
    answer = client.post(
        reverse("job_create", args=["small", pool.pk]), {"judge": "judge", "mode": "batch", "max_minutes": 5}
    )
    assert "Minutes are those of workers" in answer.content.decode()
    assert not LlmJob.objects.exists()


def test_a_judge_without_an_address_is_refused_to_workers_and_trials_and_taken_by_files(client, pool, by_files, alice):
    client.force_login(alice)
    address = reverse("job_create", args=["small", pool.pk])
    said = "has no server’s address, so workers cannot ask it"
    assert said in client.post(address, {"judge": "by files", "mode": "workers"}).content.decode()
    estimate = reverse("job_estimate", args=["small", pool.pk])
    assert said in client.get(estimate, {"judge": "by files", "mode": "workers"}).content.decode()
    assert said not in client.get(estimate, {"judge": "by files", "mode": "batch"}).content.decode()
    trial = {"a": "by files", "b": "umbrela-token", "pool": pool.pk, "size": 2, "seed": 0}
    tried = client.post(reverse("judges_trial", args=["small"]), trial, follow=True)
    assert said in tried.content.decode()
    assert not LlmJob.objects.exists()
    client.post(address, {"judge": "by files", "mode": "batch"})
    assert LlmJob.objects.get().calls.filter(status=CallStatus.WAITING).count() == 6


def test_a_judge_that_asks_no_model_has_no_files(client, pool, alice):
    client.force_login(alice)
    answer = client.post(reverse("job_create", args=["small", pool.pk]), {"judge": "lexical-bm25", "mode": "batch"})
    assert "asks no model" in answer.content.decode()


def test_the_page_says_which_command_answers_the_file(client, pool, by_files, alice):
    judge_create(
        name="vllm's", engine="vllm", model="org/model", model_revision="v1", prompt="umbrela.v1", decoding="token"
    )
    client.force_login(alice)
    job = batch_create(pool=pool, judge=JudgeConfiguration.objects.get(name="vllm's"))
    html = client.get(reverse("job", args=[job.pk])).content.decode()
    name = f"small.vllms.job-{job.pk}"
    command = f"vllm run-batch -i {name}.jsonl -o {name}.results.jsonl --model org/model --revision v1"
    assert command in html
    assert "In parts" not in html
    assert "6 requests" in html
    job = batch_create(pool=pool, judge=by_files)
    html = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "--model &#x27;org/big model&#x27;" in html
    assert "export_batch small --judge &#x27;by files&#x27;" in html
    assert "In parts" in html


def test_what_is_downloaded_comes_back_as_grades(job, client, asked, upload):
    answer = upload(job, graded(asked(job)))
    html = answer.content.decode()
    assert "6 judged, 0 failed, 0 answered before, 0 still waiting" in html
    assert "Every request has its reply." in html
    assert "6</strong> of 6 judged" in html
    assert set(Judgment.objects.values_list("grade", flat=True)) == {2}
    assert asked(job) == []


def test_only_what_has_no_reply_leaves_again(job, asked, upload):
    questions = asked(job)
    upload(job, graded(questions[:4]))
    assert asked(job) == questions[4:]


def test_results_and_errors_are_two_files_and_the_failures_are_told_by_line(job, asked, upload):
    questions = asked(job)
    errors = [answered(questions[4], {"error": {"message": "too long"}}, status=400)]
    odd = answered(questions[5], completion("I cannot say."))
    html = upload(job, [*graded(questions[:4]), odd], errors).content.decode()
    assert "4 judged, 1 failed" in html
    assert "0 judged, 1 failed" in html
    assert "line 5</strong> no grade in the reply" in html
    assert "The server answered 400: too long" in html
    assert "Ask the 2 failed again" in html


def test_the_failed_are_downloaded_again_as_a_job_of_their_own(job, client, asked, upload):
    questions = asked(job)
    upload(job, [*graded(questions[:5]), answered(questions[5], completion("I cannot say."))])
    client.post(reverse("job_retry", args=[job.pk]))
    again = LlmJob.objects.exclude(pk=job.pk).get()
    assert again.mode == LlmJob.Mode.BATCH
    (question,) = asked(again)
    assert question["body"] == questions[5]["body"]
    assert question["custom_id"] != questions[5]["custom_id"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines, questions: [*lines[:5], lines[5][:40]], "line 6</strong> not JSON"),
        (lambda lines, questions: [json.dumps(one) for one in questions], "a question and no reply"),
        (lambda lines, questions: ["q1 0 d1 2", "q1 0 d2 1"], "not JSON"),
        (lambda lines, questions: [*lines, lines[0]], "line 7</strong> the same custom_id as line 1"),
        (lambda lines, questions: [], "no reply in it"),
        (lambda lines, questions: ["\x00\x01\x02"], "not JSON"),
    ],
)
def test_a_wrong_or_cut_off_file_is_refused_whole_with_its_lines(job, asked, upload, spoil, said):
    questions = asked(job)
    html = upload(job, spoil(graded(questions), questions)).content.decode()
    assert said in html
    assert "nothing of it was stored" in html
    assert job.calls.filter(status=CallStatus.WAITING).count() == 6
    assert not Judgment.objects.exists()


def test_replies_to_another_job_are_refused_on_this_ones_page(track, job, asked, upload):
    other = batch_create(pool=fill_pool(track, "other"), judge=scripted_judge("second"))
    html = upload(job, graded(asked(other))).content.decode()
    assert f"a reply to a question of job {other.pk}, and this is job {job.pk}" in html
    assert not Judgment.objects.exists()


def test_the_same_file_in_two_tabs_stores_nothing_twice(job, asked, upload):
    lines = graded(asked(job))
    assert "6 judged, 0 failed, 0 answered before" in upload(job, lines).content.decode()
    html = upload(job, [line.replace("score: 2", "score: 0") for line in lines]).content.decode()
    assert "0 judged, 0 failed, 6 answered before" in html
    assert "nothing new" in html
    assert set(Judgment.objects.values_list("grade", flat=True)) == {2}


def test_no_file_is_said_beside_the_field(job, upload):
    assert "Choose at least one file." in upload(job).content.decode()


def test_what_comes_back_after_a_cancellation_is_stored_and_no_request_leaves(job, client, asked, upload):
    lines = graded(asked(job))
    client.post(reverse("job_cancel", args=[job.pk]))
    assert asked(job) == []
    assert (
        "What had been asked before may still be uploaded" in client.get(reverse("job", args=[job.pk])).content.decode()
    )
    assert "6 judged" in upload(job, lines).content.decode()


def test_a_reply_to_a_cancelled_question_that_another_job_asks_changes_nothing(pool, judge, job, client, asked, upload):
    lines = graded(asked(job))
    client.post(reverse("job_cancel", args=[job.pk]))
    other = batch_create(pool=pool, judge=judge)
    assert "0 judged, 0 failed, 6 answered before" in upload(job, lines).content.decode()
    assert other.calls.filter(status=CallStatus.WAITING).count() == 6


def test_replies_that_reach_a_limit_stop_further_requests_until_it_is_raised(job, client, asked, upload):
    LlmJob.objects.filter(pk=job.pk).update(max_tokens=700)
    html = upload(job, graded(asked(job)[:3])).content.decode()
    assert "limit reached" in html
    assert "Give it higher limits first" in html
    address = reverse("batch_requests", args=[job.pk])
    assert "higher limits to ask for more" in client.get(address, follow=True).content.decode()
    client.post(reverse("job_resume", args=[job.pk]), {"limits": "new", "max_tokens": 5000})
    assert len(asked(job)) == 3


def test_a_text_that_is_gone_is_left_out_and_told(job, client, asked):
    Document.objects.filter(docid="q1-d2").update(text=None)
    assert len(asked(job)) == 5
    html = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "1 of those that wait have no text any more" in html
    assert job.calls.filter(status=CallStatus.WAITING).count() == 6, "a download changes nothing"


def test_the_parts_come_as_an_archive(job, client, alice, asked):
    whole = asked(job)
    answer = client.get(reverse("batch_requests", args=[job.pk]), {"parts": "1"})
    assert answer["Content-Disposition"] == f'attachment; filename="small.judge.job-{job.pk}.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"small.judge.job-{job.pk}.part-1.jsonl"]
        lines = archive.read(archive.namelist()[0]).decode().splitlines()
    assert [json.loads(line) for line in lines] == whole


def test_a_judge_by_files_cuts_passages_by_estimated_tokens_and_takes_its_replies(pool, asked, upload):
    judge = judge_create(
        name="short", engine="openai", model="m", prompt="umbrela.v1", decoding="token", max_passage_tokens=5
    )
    Document.objects.filter(docid="q1-d1").update(text="one two three " * 50)
    job = batch_create(pool=pool, judge=judge)
    questions = asked(job)
    assert "three " * 2 not in questions[0]["body"]["messages"][-1]["content"]
    assert "6 judged" in upload(job, [answered(one, token_reply("1")) for one in questions]).content.decode()
    call = job.calls.get(document__docid="q1-d1")
    assert call.passage_cut
    assert call.inputs["exact"] is False


def token_reply(grade):
    reply = completion(grade)
    alternatives = [{"token": grade, "logprob": -0.1}, {"token": "0", "logprob": -2.5}]
    reply["choices"][0]["logprobs"] = {"content": [alternatives[0] | {"top_logprobs": alternatives}]}
    return reply


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("vera", 404), ("bob", 404), ("charlie", 404)])
def test_only_an_organizer_downloads_or_uploads(job, client, upload, name, status, request):
    user = request.getfixturevalue(name)
    client.force_login(user)
    assert client.get(reverse("batch_requests", args=[job.pk])).status_code == status
    assert upload(job, ["x"], user=user).status_code == status


def test_nobody_reads_requests_without_a_login_and_a_get_uploads_nothing(job, client, alice):
    assert "/login/" in client.get(reverse("batch_requests", args=[job.pk])).url
    client.force_login(alice)
    assert client.get(reverse("batch_replies", args=[job.pk])).status_code == 405


def test_a_viewer_sees_the_job_without_its_files(job, client, vera):
    client.force_login(vera)
    html = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "By files: no worker asks it." in html
    assert "Download the requests" not in html


def test_a_job_of_the_workers_has_no_files(pool, judge, client, alice, upload):
    job = job_create(pool=pool, judge=judge)
    client.force_login(alice)
    assert "Download the requests" not in client.get(reverse("job", args=[job.pk])).content.decode()
    answer = client.get(reverse("batch_requests", args=[job.pk]), follow=True)
    assert "is asked by the workers, not by files" in answer.content.decode()
    assert upload(job, ["x"]).status_code == 404


def test_a_page_with_files_costs_few_queries(job, client, alice, django_assert_max_num_queries):
    client.force_login(alice)
    with django_assert_max_num_queries(18):
        client.get(reverse("job", args=[job.pk]))
