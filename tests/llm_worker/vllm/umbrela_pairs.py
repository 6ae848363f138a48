"""The UMBRELA judge's requests, made by the project's own prompt code, which needs no Django."""

from assessment.domain.scales import PRESETS
from llm_worker.domain.prompts import find
from llm_worker.engines import Request
from llm_worker.relevance_requests import relevance_request

PROMPT = find("umbrela.v1")
SCALE = PRESETS["0-3"]
GRADES = tuple(grade.value for grade in SCALE)


def umbrela_request(decoding: str, query: str, passage: str) -> Request:
    request, _ = relevance_request(PROMPT, PROMPT.decodings[decoding], SCALE, query=query, passage=passage)
    return request
