import json
import math

import pytest

from assessment.domain.scales import PRESETS
from llm_worker.domain.prompts import find
from llm_worker.domain.replies import State, parse_reference, parse_token
from llm_worker.engines import EngineUnavailable, Message, Parameters, Request, build_engine
from llm_worker.engines import llama_cpp as module
from llm_worker.engines.text_cut import carefully_estimated
from llm_worker.relevance_requests import relevance_request

PROMPT = find("umbrela.v1")
GRADES = (0, 1, 2, 3)


def judging(decoding, passage):
    request, _ = relevance_request(PROMPT, decoding, PRESETS["0-3"], query="how long do fleas live", passage=passage)
    return request


@pytest.fixture(scope="module")
def engine():
    try:
        module.model_file(module.DEFAULT_MODEL)
    except EngineUnavailable as missing:
        pytest.skip(str(missing))
    built = build_engine("llama_cpp", "")
    yield built
    built.close()


@pytest.mark.engine
def test_a_passage_gets_one_token_and_the_probability_of_every_grade(engine):
    request = judging(PROMPT.decodings["token"], "A flea lives for about a hundred days.")
    ((_, reply),) = engine.complete([request])

    assert reply.error is None
    assert reply.text in {"0", "1", "2", "3"}
    assert set(reply.answer_logprobs) == {"0", "1", "2", "3"}
    assert reply.tokens_out == 1
    outcome = parse_token(reply.answer_logprobs, GRADES, reply.finish_reason)
    assert outcome.state is State.OK
    assert str(outcome.grade) == reply.text
    # Behind the prefix with its trailing space nearly everything falls on digits, but these four are not all of them.
    assert 0.0 < outcome.outside_mass < 0.9
    assert math.fsum(outcome.probabilities.values()) == pytest.approx(1.0)


@pytest.mark.engine
def test_a_passage_gets_a_reply_of_the_reference_decoding(engine):
    request = judging(PROMPT.decodings["reference"], "A flea lives for about a hundred days.")
    ((_, reply),) = engine.complete([request])

    assert reply.error is None
    assert reply.text
    assert 1 <= reply.tokens_out <= 100
    outcome = parse_reference(reply.text, reply.finish_reason, GRADES, reply.refused)
    assert (outcome.grade in GRADES) == (outcome.state is State.OK)


@pytest.mark.engine
def test_prompts_of_one_topic_share_what_the_model_has_read(engine):
    passages = ("Fleas live long.", "Cats sleep.", "A dog's life.")
    replies = [reply for _, reply in engine.complete([judging(PROMPT.decodings["token"], text) for text in passages])]

    assert all(reply.cached_tokens > 0.8 * reply.tokens_in for reply in replies[1:])


@pytest.mark.engine
def test_a_prompt_that_does_not_fit_is_an_error_of_its_own(engine):
    decoding = PROMPT.decodings["token"]
    replies = dict(engine.complete([judging(decoding, "flea " * 6000), judging(decoding, "Fleas live long.")]))

    assert "context" in replies[0].error
    assert replies[1].error is None


TEXTS = {
    "English": "A flea lives for about a hundred days, depending on temperature (21-29 °C); see Smith et al. 2009.",
    "Arabic": "يعيش البرغوث حوالي مئة يوم في الظروف العادية، ويتغذى على دم العائل.",
    "Chinese": "跳蚤大约能活一百天，取决于温度和湿度。",
    "Thai": "หมัดมีชีวิตอยู่ได้ประมาณหนึ่งร้อยวันภายใต้สภาวะปกติ",
    "Hindi": "पिस्सू लगभग सौ दिनों तक जीवित रहता है।",
    "Russian": "Блоха живёт около ста дней при обычных условиях.",
    "emoji": "flea 👩\u200d👩\u200d👧\u200d👦 👍🏿 e\u0301a\u0308 🙂",
    "code": "for(i=0;i<10;++i){x[i]+=0x1f;}  \n\n\t\treturn;",
}


@pytest.mark.engine
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_are_measured_by_the_models_tokenizer_and_cut_between_characters(engine, text):
    whole, cut = engine.measure([text])[0], engine.measure([text], 12)[0]

    assert whole.exact
    assert (whole.text, whole.kept) == (text, whole.tokens)
    assert cut.tokens == whole.tokens > 12 >= cut.kept
    assert text.startswith(cut.text)
    assert "\ufffd" not in cut.text
    assert engine.measure([cut.text])[0].tokens == cut.kept
    assert engine.measure([text], 0)[0].text == ""


@pytest.mark.engine
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_careful_estimate_is_not_below_what_a_real_tokenizer_counts(engine, text):
    assert carefully_estimated(text, None).tokens >= engine.measure([text])[0].tokens
    assert engine.measure([carefully_estimated(text, 12).text])[0].tokens <= 12


@pytest.mark.engine
def test_a_schema_makes_the_reply_json_of_its_form(engine):
    labels = {"type": "string", "enum": ["support", "partial", "none"]}
    schema = {"type": "array", "items": labels, "minItems": 2, "maxItems": 2}
    request = Request((Message("user", "Give two labels as JSON."),), Parameters(max_tokens=60), json_schema=schema)

    ((_, reply),) = engine.complete([request])

    assert reply.error is None
    assert len(json.loads(reply.text)) == 2
    assert set(json.loads(reply.text)) <= {"support", "partial", "none"}


@pytest.mark.engine
def test_a_call_to_stop_finishes_the_one_request_under_way(engine):
    decoding = PROMPT.decodings["token"]
    requests = [judging(decoding, f"Passage {number} about fleas.") for number in range(8)]
    replies = []

    for reply in engine.complete(requests, lambda: not replies):
        replies.append(reply)

    assert 1 <= len(replies) < len(requests)
    assert all(reply.error is None for _, reply in replies)


def test_a_missing_model_says_what_to_install(monkeypatch):
    def missing(name):
        raise module.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(module.importlib.metadata, "files", missing)
    with pytest.raises(EngineUnavailable, match=r"requirements-model\.txt"):
        module.model_file(module.DEFAULT_MODEL)


def test_a_model_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(EngineUnavailable, match=r"absent\.gguf"):
        module.model_file(str(tmp_path / "absent.gguf"))
