"""The commands `nuggetize` and `assign_nuggets` as processes, with a worker of their own."""

import subprocess

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError
from llm_worker.models import LlmJob
from llm_worker.services.nugget_jobs import nuggets_make
from nuggets.models import Bank, NuggetAssignment, TopicBank
from nuggets.services.suggestions import Suggested, suggestion_bank_ensure, suggestions_store
from tests.llm_worker.nugget_world import answers_of, assigner, nugget_judge, relevant_pool
from tests.llm_worker.processes import forget_workers, start

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker():
    forget_workers()


def ended(*arguments):
    """(exit code, standard output, standard error) of the command."""
    process = start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = process.communicate(timeout=90)
    return process.returncode, *said


def filled_bank(track):
    bank = suggestion_bank_ensure(track=track, name="bank")
    topic = track.topics.order_by("position").first()
    suggestions_store(bank=bank, topic=topic, nuggets=[Suggested("a", "vital"), Suggested("b", "okay")])
    return bank


def test_nuggetize_waits_for_the_lists_and_says_what_became_of_each_topic(track):
    relevant_pool(track, topics=2)
    nugget_judge(answer='{"nuggets": []}')
    code, out, err = ended("nuggetize", "small", "--judge", "nuggetizer", "--topics", "q2", "--window", "2", "--wait")
    assert (code, out) == (0, "nuggetizer: 2 answered, 0 failed, 0 left.\n")
    assert "q2: 2 of 2 calls answered, in the bank" in err
    assert list(TopicBank.objects.values_list("topic__qid", "bank__name")) == [("q2", "nuggetizer")]


def test_nuggetize_is_never_silently_short(track):
    relevant_pool(track)
    nugget_judge(answer="no JSON")
    code, out, err = ended("nuggetize", "small", "--judge", "nuggetizer", "--window", "1", "--bank", "auto", "--wait")
    assert (code, out) == (1, "")
    assert "1 × reply is not as asked: The reply is not JSON." in err
    assert "is partial. A topic with a failed call has no list in the bank." in err
    assert "q1: 0 of 3 calls answered, not written: window 1 of 3 failed" in err
    assert not TopicBank.objects.exists()


def test_assign_nuggets_labels_and_counts_empty_answers(track):
    relevant_pool(track)
    filled_bank(track)
    answers_of(track, "Something.")
    answers_of(track, "", tag="blank")
    assigner(answer='{"labels": ["support", "partial_support"]}')
    code, out, err = ended("assign_nuggets", "small", "--judge", "assigner", "--wait")
    assert (code, out) == (0, "assigner: 1 answered, 0 failed, 0 left.\n")
    assert "Labelled without a call, for they support nothing: 1 empty answer." in err
    given = NuggetAssignment.objects.order_by("answer__run__tag", "wording__nugget__position")
    assert list(given.values_list("label", flat=True)) == [*["not_support"] * 2, "support", "partial_support"]


def test_a_command_goes_on_with_the_job_that_is_not_finished(track):
    relevant_pool(track)
    job = nuggets_make(track=track, judge=nugget_judge(answer='{"nuggets": []}'))
    code, _, err = ended("nuggetize", "small", "--judge", "nuggetizer", "--wait")
    assert code == 0
    assert f"Going on with job {job.pk}" in err
    assert LlmJob.objects.count() == 1


def test_without_a_worker_nothing_is_started(track):
    relevant_pool(track)
    nugget_judge()
    with pytest.raises(DomainError, match="No worker serves the queue cpu"):
        call_command("nuggetize", "small", "--judge", "nuggetizer")
    assert not LlmJob.objects.exists()


def test_a_dry_run_counts_the_calls_and_starts_nothing(track, capsys):
    relevant_pool(track, topics=2)
    filled_bank(track)
    answers_of(track, "Something.", "Else.")
    nugget_judge()
    assigner()
    call_command("nuggetize", "small", "--judge", "nuggetizer", "--window", "2", "--dry-run")
    said = capsys.readouterr().out
    assert "10 to ask, counted. 4 windows of 2 topics, then at most 6 for importance." in said
    assert "From the letters of 4 rendered prompts" in said
    call_command("assign_nuggets", "small", "--judge", "assigner", "--dry-run")
    assert "1 to ask, counted. 1 answer, ten nuggets a call" in capsys.readouterr().out
    assert not LlmJob.objects.exists()
    assert list(Bank.objects.values_list("name", flat=True)) == ["bank"]


def test_what_cannot_be_done_is_refused_with_a_sentence(track):
    relevant_pool(track)
    assigner()
    nugget_judge()
    with pytest.raises(DomainError, match="has no bank of nuggets yet"):
        call_command("assign_nuggets", "small", "--judge", "assigner", "--wait")
    filled_bank(track)
    suggestion_bank_ensure(track=track, name="other")
    with pytest.raises(DomainError, match="has several banks; name one with --bank. There are: bank, other"):
        call_command("assign_nuggets", "small", "--judge", "assigner", "--wait")
    with pytest.raises(DomainError, match="no topic q9"):
        call_command("nuggetize", "small", "--judge", "nuggetizer", "--topics", "q9", "--wait")
    with pytest.raises(DomainError, match="Window is a number from 1 to 50"):
        call_command("nuggetize", "small", "--judge", "nuggetizer", "--window", "0", "--wait")
