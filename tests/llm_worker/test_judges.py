"""Judges: the three that a new project has, what they did in a track, how far they agree with people."""

import pytest
from django.core.management import call_command

from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment
from llm_worker.domain import prompts
from llm_worker.models import JudgeConfiguration
from llm_worker.selectors import judges_in_use
from llm_worker.services.jobs import job_create, job_retry
from llm_worker.services.judges import judge_assessor, judge_create
from tests.llm_worker.conftest import work_off


@pytest.fixture
def nist(pool):
    """An imported assessor: grade 2 for the first passage of each topic, 1 for the others."""
    nist = Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name="nist")
    for item in pool.items.all():
        Judgment.objects.create(
            assessor=nist, topic=item.topic, document=item.document, grade=2 if item.position == 1 else 1
        )
    return nist


def test_a_new_project_has_six_judges_whose_prompts_and_decodings_exist(db):
    judges = JudgeConfiguration.objects.all()
    assert [judge.name for judge in judges] == [
        "assigner-small", "assigner-small-strict", "lexical-bm25", "nuggetizer-small", "umbrela-reference",
        "umbrela-token",
    ]  # fmt: skip
    for judge in judges.exclude(prompt=""):
        assert judge.decoding in prompts.find(judge.prompt).decodings
        assert judge.task == prompts.find(judge.prompt).task
        assert "chance" in judge.caveat


def test_a_judge_is_one_assessor_in_each_track(pool, judge):
    assessor = judge_assessor(judge=judge, track=pool.track)
    assert judge_assessor(judge=judge, track=pool.track) == assessor
    assert list(judge.assessors.all()) == [assessor]
    assert (assessor.name, assessor.kind) == (judge.name, "llm")


def test_an_imported_assessor_of_that_name_is_not_taken_over(pool, judge):
    Assessor.objects.create(track=pool.track, kind=Assessor.Kind.IMPORTED, name="judge")
    with pytest.raises(DomainError, match="is taken by another assessor"):
        judge_assessor(judge=judge, track=pool.track)


def test_the_record_counts_judgments_and_failed_pairs_and_gives_kappa_with_its_n(pool, judge, engine, nist, alice):
    engine.enqueue(*(f"##final score: {grade}" for grade in (2, 1, 1, 2, 2)), "no idea")
    work_off(job_create(pool=pool, judge=judge))
    (record,) = next(row for row in judges_in_use(alice) if row.judge == judge).tracks
    (agreement,) = record.agreements
    assert (record.judged, record.failed) == (5, 1)
    assert (agreement.a, agreement.figures.n, agreement.figures.exact) == (nist, 5, 0.8)
    # nist 2 1 1 2 1, judge 2 1 1 2 2: agreement by chance (2 x 3 + 3 x 2) / 25
    assert agreement.figures.kappa == pytest.approx((0.8 - 12 / 25) / (1 - 12 / 25))


def test_a_pair_that_failed_and_was_judged_later_has_not_failed(pool, judge, engine, alice):
    engine.enqueue("no idea", "still none")
    job = job_create(pool=pool, judge=judge)
    work_off(job)
    engine.enqueue("no idea again")
    work_off(job_retry(job=job))
    (record,) = next(row for row in judges_in_use(alice) if row.judge == judge).tracks
    assert (record.judged, record.failed) == (5, 1)


@pytest.mark.parametrize("name", ["bob", "charlie"])
def test_an_assessor_and_a_stranger_see_no_results(pool, judge, nist, name, request):
    user = request.getfixturevalue(name)
    work_off(job_create(pool=pool, judge=judge))
    assert all(row.tracks == [] for row in judges_in_use(user))


def test_the_command_judges_lists_one_a_line(db, capsys):
    call_command("judges")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["judge", *JudgeConfiguration.objects.values_list("name", flat=True)]
    assert lines[-1].split() == [
        "umbrela-token", "relevance", "llama_cpp", "SmolLM2-135M-Instruct", "umbrela.v1", "token", "cpu",
    ]  # fmt: skip


def test_create_judge_stores_where_the_server_is_and_never_a_key(db, capsys):
    call_command(
        "create_judge", "mine", "--model", "m", "--base-url", "https://server/v1", "--api-key-env", "LLM_API_KEY",
        "--decoding", "token", "--concurrency", "8",
    )  # fmt: skip
    judge = JudgeConfiguration.objects.get(name="mine")
    assert judge.options == {
        "base_url": "https://server/v1", "api_key_env": "LLM_API_KEY", "dialect": "openai", "concurrency": 8,
    }  # fmt: skip
    assert "mine" in capsys.readouterr().out


def test_the_task_of_a_judge_is_that_of_its_prompt(db):
    judge = judge_create(name="j", engine="openai", model="m", prompt="nugget-assignment.v1", decoding="json")
    assert judge.task == "nugget_assignment"
    with pytest.raises(DomainError, match="is for nugget_importance: it goes on where another one ends"):
        judge_create(name="k", engine="openai", model="m", prompt="nugget-importance.v1", decoding="json")
