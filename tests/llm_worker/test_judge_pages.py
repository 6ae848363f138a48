"""Judges made, like others or anew, and what may be changed of them: by staff alone, on pages and by command."""

from decimal import Decimal

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError
from llm_worker.domain.engine_options import DIALECTS
from llm_worker.domain.limits import Prices
from llm_worker.engines.openai_wire import DIALECTS as KNOWN_TO_THE_ENGINE
from llm_worker.models import JudgeConfiguration
from llm_worker.services.judges import Examples, judge_create, judge_freeze, judge_set_terms
from tests.factories import make_user

NEW = {
    "name": "new", "engine": "openai", "model": "m", "prompt": "umbrela.v1", "decoding": "token", "queue": "cpu",
    "base_url": "https://server/v1", "dialect": "vllm", "currency": "eur",
}  # fmt: skip


@pytest.fixture
def root(db):
    return make_user("root", is_staff=True)


@pytest.fixture
def post(client, root):
    def post(page, *arguments, asked):
        client.force_login(root)
        return client.post(reverse(page, args=arguments), asked)

    return post


def made(**fields):
    values = {"name": "new", "engine": "openai", "model": "m", "prompt": "umbrela.v1", "decoding": "token"}
    return judge_create(**values | {"options": {"base_url": "https://server/v1"}} | fields)


def test_staff_make_a_judge_with_all_that_it_is(post):
    more = {
        "api_key_env": "LLM_API_KEY", "concurrency": 8, "model_revision": "abc", "max_passage_tokens": 300,
        "price_in": "2.5", "price_out": "10", "description": "A method.",
    }  # fmt: skip
    answer = post("judge_new", asked=NEW | more)
    judge = JudgeConfiguration.objects.get(name="new")
    assert answer.url == f"{reverse('judges')}#judge-{judge.pk}"
    assert judge.options == {
        "base_url": "https://server/v1", "api_key_env": "LLM_API_KEY", "dialect": "vllm", "concurrency": 8,
    }  # fmt: skip
    assert (judge.model_revision, judge.max_passage_words, judge.max_passage_tokens) == ("abc", None, 300)
    assert (judge.price_in, judge.price_cached, judge.price_out, judge.currency) == (Decimal("2.5"), None, 10, "EUR")


def test_a_judge_like_another_begins_with_what_that_one_has_and_without_its_name(client, root):
    made(name="old", model="a model", max_passage_tokens=77, prices=Prices(Decimal(1), None, Decimal(2)))
    client.force_login(root)
    form = client.get(reverse("judge_new"), {"like": "old"}).context["form"]
    assert form["name"].value() is None
    begun = {name: form[name].value() for name in ("model", "decoding", "base_url", "max_passage_tokens", "price_out")}
    assert begun == {
        "model": "a model", "decoding": "token", "base_url": "https://server/v1", "max_passage_tokens": 77,
        "price_out": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"name": "umbrela-token"}, "There is a judge &#x27;umbrela-token&#x27; already"),
        ({"base_url": "", "api_key_env": "LLM_API_KEY"}, "api_key_env is of no use without the server’s address"),
        ({"base_url": "server"}, "begins with http:// or https://"),
        ({"base_url": "https://me:secret@server/v1"}, "carries no password"),
        ({"api_key_env": "sk-abcdef"}, "the name of an environment variable"),
        ({"api_key_env": "hf_abcdef"}, "the name of an environment variable"),
        ({"prompt": "umbrela-examples.v1"}, "shows examples: say whose"),
        ({"examples_from": "nist", "examples_per_grade": 1}, "shows no examples"),
        ({"price_in": "2"}, "Prices come together"),
        ({"currency": "12$"}, "three capital letters"),
        ({"prompt": "nothing.v1"}, "Select a valid choice"),
        ({"engine": "scripted"}, "Select a valid choice"),
        ({"model": "  "}, "This field is required"),
    ],
)
def test_what_cannot_judge_is_refused_with_the_reason_and_nothing_is_stored(post, asked, words):
    answer = post("judge_new", asked=NEW | asked)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not JudgeConfiguration.objects.filter(name="new").exists()


def test_a_key_in_place_of_its_variable_is_not_repeated(db):
    with pytest.raises(DomainError) as caught:
        made(options={"base_url": "https://server/v1", "api_key_env": "sk-secret"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"options": {"base_url": "https://server/v1", "api_key": "x"}}, "has no option api_key"),
        ({"options": {"base_url": "https://server/v1", "concurrency": 0}}, "concurrency is a whole number"),
        ({"options": {"base_url": "https://server/v1", "dialect": "slang"}}, "no dialect 'slang'"),
        ({"options": {"base_url": "http://server:port/v1"}}, "names a machine"),
        ({"queue": "quantum"}, "no queue 'quantum'"),
        ({"max_passage_words": 0}, "1 to 1,000,000 words"),
        ({"prices": Prices(Decimal(-1), None, Decimal(1))}, "from 0 to"),
        ({"prompt": "umbrela-examples.v1", "examples": Examples("nist", 99)}, "1 to 20 a grade"),
        ({"model_revision": "x" * 101}, "at most 100 characters"),
        ({"description": "a\x00b"}, "cannot be stored"),
    ],
)
def test_the_service_checks_what_no_form_has_checked(db, fault, words):
    with pytest.raises(DomainError, match=words):
        made(**fault)


def test_the_dialects_are_those_that_the_engine_speaks():
    assert set(DIALECTS) == set(KNOWN_TO_THE_ENGINE)


def test_prices_and_words_of_a_frozen_judge_may_change_and_nothing_else_does(post):
    judge = made()
    judge_freeze(judge)
    asked = {"price_in": "1", "price_out": "3", "currency": "USD", "caveat": "Mind it.", "model": "other"}
    answer = post("judge_terms", judge.pk, asked=asked)
    assert answer.status_code == 302
    judge.refresh_from_db()
    assert (judge.price_in, judge.price_out, judge.caveat, judge.model) == (1, 3, "Mind it.", "m")


def test_prices_that_cannot_be_are_refused(post):
    judge = made()
    with pytest.raises(DomainError, match="Prices come together"):
        judge_set_terms(judge=judge, prices=Prices(None, None, Decimal(1)), description="", caveat="")
    answer = post("judge_terms", judge.pk, asked={"price_out": "1", "currency": "USD"})
    assert "Prices come together" in answer.content.decode()


@pytest.mark.parametrize("name", ["alice", "vera", "bob", "charlie"])
def test_only_staff_make_judges_and_change_their_terms(client, db, name, request):
    judge = made(name="old")
    client.force_login(request.getfixturevalue(name))
    for address in (reverse("judge_new"), reverse("judge_terms", args=[judge.pk])):
        assert client.get(address).status_code == 404
        assert client.post(address, NEW).status_code == 404
    assert not JudgeConfiguration.objects.filter(name="new").exists()
    assert "New judge" not in client.get(reverse("judges")).content.decode()


def test_nobody_makes_judges_without_a_login(client, db):
    for address in (reverse("judge_new"), reverse("judge_terms", args=[made().pk])):
        assert "/login/" in client.get(address).url


def test_the_judges_page_says_which_judge_is_frozen_and_where_to_compare_it(client, pool, judge, alice):
    judge_freeze(judge)
    client.force_login(alice)
    html = client.get(reverse("judges")).content.decode()
    assert "frozen since" in html
    assert "not used yet" in html
    assert f"{reverse('judges_compare', args=['small'])}?a=judge" in html


@pytest.mark.parametrize("frozen", [True, False])
def test_the_administration_shows_judges_and_changes_none(client, db, frozen):
    client.force_login(make_user("super", is_staff=True, is_superuser=True))
    judge = made()
    if frozen:
        judge_freeze(judge)
    address = reverse("admin:llm_worker_judgeconfiguration_change", args=[judge.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"name": "renamed"}).status_code == 403
    assert client.get(reverse("admin:llm_worker_judgeconfiguration_add")).status_code == 403


def test_create_judge_takes_revision_limits_examples_and_prices(db, capsys):
    call_command(
        "create_judge", "mine", "--model", "m", "--base-url", "https://server/v1", "--revision", "abc",
        "--prompt", "umbrela-examples.v1", "--examples-from", "nist", "--examples-per-grade", "2",
        "--examples-seed", "7",
        "--max-passage-tokens", "200", "--max-passage-words", "0",
        "--price-in", "0.15", "--price-out", "0.6", "--price-cached", "0.075", "--currency", "EUR",
    )  # fmt: skip
    judge = JudgeConfiguration.objects.get(name="mine")
    assert (judge.model_revision, judge.max_passage_words, judge.max_passage_tokens) == ("abc", None, 200)
    assert (judge.examples_from, judge.examples_per_grade, judge.examples_seed) == ("nist", 2, 7)
    assert (judge.price_in, judge.price_cached) == (Decimal("0.15"), Decimal("0.075"))
    assert "mine" in capsys.readouterr().out


def test_create_judge_refuses_what_is_no_price(db):
    with pytest.raises(DomainError, match="'cheap' is no price"):
        call_command("create_judge", "mine", "--model", "m", "--base-url", "https://server/v1", "--price-in", "cheap")
