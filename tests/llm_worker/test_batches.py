"""Questions out as a batch file, replies in: the same grades and failures as over the network, and nothing twice."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from django.core.management import call_command
from django.db import connection

from assessment.domain.errors import DomainError, FileError
from assessment.models import Document, Judgment
from llm_worker.models import JudgeConfiguration, LlmJob
from llm_worker.selectors import job_progress
from llm_worker.services.batches import batch_create, batch_import, batch_lines
from llm_worker.services.chunks import run_chunk
from llm_worker.services.jobs import job_create
from llm_worker.services.sweeping import sweep
from tests.llm_worker.conftest import scripted_judge, work_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(pool, judge):
    return batch_create(pool=pool, judge=judge)


def questions(job):
    return [json.loads(line) for line in batch_lines(job=job)]


def completion(text, finish_reason="stop"):
    return {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 5},
    }


def answered(question, body=None, status=200, error=None):
    response = None if body is None else {"status_code": status, "request_id": "r", "body": body}
    return json.dumps({"id": "x", "custom_id": question["custom_id"], "response": response, "error": error})


def bring(track, lines, **more):
    return batch_import(track=track, source=BytesIO("\n".join(lines).encode()), name="replies.jsonl", **more)[:4]


def test_every_item_is_a_question_in_the_batch_format(job):
    lines = questions(job)
    assert len(lines) == 6
    first = lines[0]
    assert first["method"] == "POST" and first["url"] == "/v1/chat/completions"
    assert first["custom_id"].startswith(f"assay-{job.pk}-")
    assert first["body"]["model"] == "model of judge"
    assert "question 1" in first["body"]["messages"][-1]["content"]
    assert questions(job) == lines, "asked again, it gives the same"


def test_replies_become_what_they_would_have_become_over_the_network(track, pool, job, judge):
    other = scripted_judge("online", answer="##final score: 2")
    work_off(job_create(pool=pool, judge=other))
    result = bring(track, [answered(one, completion("##final score: 2")) for one in questions(job)])
    assert result == (6, 0, 0, 0)
    pairs = ("topic", "document", "grade")
    by_file = Judgment.objects.filter(assessor__name="judge").order_by("pk").values_list(*pairs)
    online = Judgment.objects.filter(assessor__name="online").order_by("pk").values_list(*pairs)
    assert sorted(by_file) == sorted(online)
    call = job.calls.first()
    assert (call.status, call.tokens_in, call.tokens_out, len(call.messages_sha256)) == ("ok", 300, 5, 64)
    assert job_progress(job).state == "done"


def test_failures_are_listed_and_never_become_grades(track, job):
    one, two, three, four, five, _ = questions(job)
    lines = [
        answered(one, completion("##final score: 10")),
        answered(two, completion("I cannot say.")),
        answered(three, completion("##final score: 1", "length")),
        answered(four, {"error": {"message": "too long"}}, status=400),
        answered(five, error={"code": "batch_expired", "message": "It took too long."}),
    ]
    assert bring(track, lines) == (0, 5, 0, 1)
    statuses = [call.status for call in job.calls.order_by("position")]
    assert statuses == ["out_of_scale", "unparsed", "truncated", "error", "error", "waiting"]
    assert job.calls.get(error__startswith="The server").error == "The server answered 400: too long"
    assert not Judgment.objects.exists()


def test_the_same_file_twice_changes_nothing(track, job):
    lines = [answered(one, completion("##final score: 3")) for one in questions(job)[:4]]
    assert bring(track, lines) == (4, 0, 0, 2)
    assert bring(track, [line.replace("score: 3", "score: 0") for line in lines]) == (0, 0, 4, 2)
    assert set(Judgment.objects.values_list("grade", flat=True)) == {3}
    assert len(questions(job)) == 2, "what waits can be asked once more"


def test_one_bad_line_and_nothing_is_stored(track, job):
    good = [answered(one, completion("##final score: 3")) for one in questions(job)]
    for bad, said in [
        ("{half", "not JSON"),
        (good[0].replace("assay-", "mine-"), "custom_id is not one"),
        (good[0], "the same custom_id as line 1"),
        (
            answered({"custom_id": f"assay-{job.pk}-999999-0123456789ab"}, completion("##final score: 1")),
            "has asked this",
        ),
        (json.dumps({"custom_id": questions(job)[5]["custom_id"], "response": None}), "neither a response"),
    ]:
        with pytest.raises(FileError) as refused:
            bring(track, [*good[:5], bad])
        assert [problem.line for problem in refused.value.problems] == [6]
        assert said in str(refused.value.problems[0])
    assert not Judgment.objects.exists()


def test_a_reply_to_other_words_is_refused(track, job):
    lines = [answered(one, completion("##final score: 3")) for one in questions(job)]
    Document.objects.filter(docid="q1-d2").update(text="Another text altogether.")
    with pytest.raises(FileError) as refused:
        bring(track, lines)
    assert [problem.line for problem in refused.value.problems] == [2]
    assert not Judgment.objects.exists()


def test_an_empty_file_says_so(track, job):
    with pytest.raises(FileError):
        bring(track, [])


def test_no_worker_asks_a_batch(job, engine):
    assert run_chunk(job.pk) is None
    assert sweep() == 0
    assert engine.history == []
    assert job.calls.filter(status="waiting").count() == 6


def test_a_passage_without_a_text_fails_and_is_not_asked(pool, judge):
    Document.objects.filter(docid="q1-d2").update(text=None)
    job = batch_create(pool=pool, judge=judge)
    assert len(questions(job)) == 5
    assert job.calls.get(status="error").document.docid == "q1-d2"


def test_a_judge_without_a_model_and_a_job_of_the_workers_are_refused(pool, judge):
    with pytest.raises(DomainError, match="asks no model"):
        batch_create(pool=pool, judge=JudgeConfiguration.objects.get(name="lexical-bm25"))
    with pytest.raises(DomainError, match="by the workers"):
        list(batch_lines(job=job_create(pool=pool, judge=judge)))


def test_a_constrained_judge_keeps_its_distribution(track, pool):
    job = batch_create(pool=pool, judge=scripted_judge("token", decoding="token"), limit=1)
    (question,) = questions(job)
    assert question["body"]["structured_outputs"] == {"choice": ["0", "1", "2", "3"]}
    body = completion("2", "stop")
    alternatives = [{"token": "2", "logprob": -0.2231}, {"token": "1", "logprob": -1.6094}]
    body["choices"][0]["logprobs"] = {"content": [{"token": "2", "logprob": -0.2231, "top_logprobs": alternatives}]}
    assert bring(track, [answered(question, body)]) == (1, 0, 0, 0)
    judgment = Judgment.objects.get()
    assert judgment.grade == 2
    assert judgment.distribution["2"] == pytest.approx(0.8, abs=1e-3)
    assert job.calls.get().expected == pytest.approx(1.8, abs=1e-3)


def test_a_server_that_held_the_model_to_nothing_gave_no_grade(track, pool):
    job = batch_create(pool=pool, judge=scripted_judge("token", decoding="token"), limit=1)
    body = completion("The")
    body["choices"][0]["logprobs"] = {
        "content": [{"token": "The", "logprob": -0.1, "top_logprobs": [{"token": "2", "logprob": -3.0}]}]
    }
    assert bring(track, [answered(questions(job)[0], body)]) == (0, 1, 0, 0)
    assert "did not keep to the allowed answers" in job.calls.get().error
    assert not Judgment.objects.exists()


def test_the_commands(track, pool, judge, tmp_path, capsys):
    call_command("export_batch", "small", "--judge", "judge", "--limit", "2")
    out = capsys.readouterr().out
    asked = [json.loads(line) for line in out.splitlines()]
    assert len(asked) == 2
    job = LlmJob.objects.get()
    call_command("export_batch", "small", "--judge", "judge", "--job", str(job.pk))
    assert capsys.readouterr().out == out
    file = tmp_path / "replies.jsonl"
    file.write_text("\n".join(answered(one, completion("##final score: 1")) for one in asked))
    call_command("import_batch", "small", str(file), "--judge", "judge")
    assert "2 judged, 0 failed, 0 answered before, 0 still waiting" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_one_file_in_two_tabs_at_the_same_moment_is_stored_once(track, job):
    lines = [answered(one, completion("##final score: 2")) for one in questions(job)]
    start = threading.Barrier(2)

    def tab(_):
        start.wait()
        try:
            return bring(track, lines)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as tabs:
        judged, failed, repeated, waiting = zip(*tabs.map(tab, range(2)), strict=True)
    assert (sum(judged), sum(failed), sum(repeated), set(waiting)) == (6, 0, 6, {0})
    assert Judgment.objects.count() == 6
    assert set(job.calls.values_list("attempts", flat=True)) == {1}
