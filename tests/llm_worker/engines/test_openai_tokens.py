"""Servers whose tokenizers differ: by bytes, by words that lose their spacing, and none at all."""

import json

import httpx
import pytest

from llm_worker.engines import EngineUnavailable, openai_patience
from llm_worker.engines.openai_compatible import OpenAICompatibleEngine


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(openai_patience, "_FIRST_WAIT", 0.001)


def engine_with(handle, dialect="vllm"):
    transport = httpx.MockTransport(handle)
    return OpenAICompatibleEngine("m", "http://127.0.0.1:9/v1", dialect=dialect, transport=transport)


def by_bytes(request):
    """Every byte of UTF-8 is a token, whichever of the two ways of asking is used."""
    body = json.loads(request.content)
    if request.url.path == "/tokenize":
        text = body["content"] if "content" in body else body["prompt"]
        return httpx.Response(200, json={"tokens": list(text.encode())})
    said = bytes(body["tokens"]).decode(errors="replace")
    return httpx.Response(200, json={"content" if "model" not in body else "prompt": said})


def by_words(request):
    """A tokenizer in lower case that keeps no spacing: its tokens do not spell the text."""
    body = json.loads(request.content)
    if request.url.path == "/tokenize":
        return httpx.Response(200, json={"tokens": [len(word) for word in body["prompt"].split()]})
    return httpx.Response(200, json={"prompt": " ".join("w" * one for one in body["tokens"])})


@pytest.mark.parametrize("dialect", ["vllm", "llama.cpp"])
def test_a_text_is_cut_where_its_tokens_end_and_never_inside_a_character(dialect):
    whole, cut, inside, nothing = (
        engine_with(by_bytes, dialect).measure(["naïve 跳蚤"], limit)[0] for limit in (None, 6, 9, 0)
    )

    assert (whole.text, whole.tokens, whole.kept, whole.exact) == ("naïve 跳蚤", 13, 13, True)
    assert (cut.text, cut.tokens, cut.kept) == ("naïve", 13, 6)
    assert (inside.text, inside.kept) == ("naïve ", 7)
    assert (nothing.text, nothing.tokens, nothing.kept) == ("", 13, 0)


def test_a_tokenizer_that_does_not_spell_the_text_is_asked_where_it_ends():
    ((text, tokens, kept, exact),) = engine_with(by_words).measure(["One  TWO three, four FIVE six"], 4)

    assert (tokens, kept, exact) == (6, 4, True)
    assert text.strip() == "One  TWO three, four"


def test_texts_come_back_in_their_order():
    texts = [f"{'word ' * number}end" for number in range(20)]

    assert [measured.text for measured in engine_with(by_bytes).measure(texts)] == texts
    assert engine_with(by_bytes).measure([]) == []


def test_without_a_tokenizer_to_ask_the_count_is_an_estimate_and_says_so():
    for engine in (engine_with(lambda request: httpx.Response(404)), engine_with(by_bytes, "openai")):
        (measured,) = engine.measure(["A flea lives for about a hundred days."], 4)
        assert not measured.exact
        assert measured.kept <= 4 < measured.tokens
        assert measured.text == "A flea lives"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, text="out of order"),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"tokens": "many"}),
        httpx.Response(200, json={"tokens": [1.5]}),
    ],
)
def test_a_tokenizer_that_fails_is_no_estimate(response):
    with pytest.raises(EngineUnavailable, match="tokenizer failed"):
        engine_with(lambda request: response).measure(["text"])
