"""The UMBRELA judge's requests, made by the project's prompt code, which needs no Django."""

from assessment.domain.scales import PRESETS
from llm_worker.domain.prompts import find, render
from llm_worker.domain.relevance_values import PairText, TopicText, relevance_values
from llm_worker.domain.replies import grade_tokens
from llm_worker.engines import Message, Parameters, Request

PROMPT = find("umbrela.v1")
SCALE = PRESETS["0-3"]
GRADES = tuple(grade.value for grade in SCALE)


def umbrela_request(decoding_name: str, query: str, passage: str) -> Request:
    decoding = PROMPT.decodings[decoding_name]
    values = relevance_values(PROMPT.placeholders, PROMPT.phrases, PairText(TopicText(query), passage, SCALE))
    messages = tuple(Message(role, content) for role, content in render(PROMPT, values))
    parameters = Parameters(decoding.max_tokens, decoding.temperature, decoding.top_p, decoding.frequency_penalty)
    if not decoding.single_token:
        return Request(messages, parameters)
    return Request(messages, parameters, grade_tokens(GRADES), PROMPT.answer_prefix)
