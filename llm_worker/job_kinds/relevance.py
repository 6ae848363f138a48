"""Relevance by a prompted model: the pair rendered into the prompt, the reply read strictly."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from assessment.domain.scales import GradeSpec
from llm_worker.domain import prompts
from llm_worker.domain.replies import State, grade_tokens, parse_reference, parse_token
from llm_worker.domain.umbrela import umbrela_values
from llm_worker.engines import Message, Parameters, Reply, Request, engine_for
from llm_worker.job_kinds.lexical import topic_text
from llm_worker.models import LlmCall, LlmJob
from llm_worker.services.calls import Answer
from llm_worker.services.judges import judge_freeze


class PromptedLabeller:
    """One job's judge: its prompt and decoding, on the engine that its configuration names."""

    def __init__(self, job: LlmJob):
        judge_freeze(job.judge)
        self.judge = job.judge
        self.prompt = prompts.find(job.judge.prompt)
        self.decoding = self.prompt.decodings[job.judge.decoding]
        self.scale = [
            GradeSpec(grade.value, grade.key, grade.label, grade.definition) for grade in job.track.grades.all()
        ]
        self.grades = [grade.value for grade in self.scale]
        self.engine = engine_for(job.judge.engine, job.judge.model, job.judge.options)

    def label(self, calls: Sequence[LlmCall]) -> Iterator[tuple[LlmCall, Answer]]:
        """Yield each call with its answer; a pair whose text is not loaded is an error and costs no request."""
        asked = []
        for call in calls:
            if call.document.text is None:
                yield call, Answer(State.ERROR, reply=Reply(error="The document's text is not loaded."))
            else:
                asked.append((call, *self._request(call)))
        for index, reply in self.engine.complete([request for _, request, _ in asked]):
            call, request, cut = asked[index]
            read = relevance_answer(reply, self.decoding, self.grades)
            yield call, replace(read, messages_sha256=_digest(request), passage_cut=cut)

    def _request(self, call: LlmCall) -> tuple[Request, bool]:
        return relevance_request(
            self.prompt,
            self.decoding,
            self.scale,
            query=topic_text(call.topic),
            passage=passage_text(call.document),
            max_passage_words=self.judge.max_passage_words,
        )


def passage_text(document) -> str:
    """What the judge reads of a document: its title, where it has one, and its text."""
    return "\n".join(part for part in (document.title, document.text) if part)


def relevance_request(
    prompt: prompts.Prompt,
    decoding: prompts.Decoding,
    scale: Sequence[GradeSpec],
    *,
    query: str,
    passage: str,
    max_passage_words: int | None,
) -> tuple[Request, bool]:
    """What is asked about one pair, and whether the passage was cut to fit. `scale` is in ascending order."""
    filled = umbrela_values(prompt, query=query, passage=passage, scale=scale, max_passage_words=max_passage_words)
    messages = tuple(Message(role, content) for role, content in prompts.render(prompt, filled.values))
    parameters = Parameters(
        max_tokens=decoding.max_tokens,
        temperature=decoding.temperature,
        top_p=decoding.top_p,
        frequency_penalty=decoding.frequency_penalty,
    )
    if not decoding.single_token:
        return Request(messages, parameters), filled.passage_was_cut
    allowed = grade_tokens([grade.value for grade in scale])
    return Request(messages, parameters, allowed, prompt.answer_prefix), filled.passage_was_cut


def relevance_answer(reply: Reply, decoding: prompts.Decoding, grades: Sequence[int]) -> Answer:
    """The reply, read by its decoding's rule: a grade of the scale, or the state that says why there is none."""
    if reply.error:
        return Answer(State.ERROR, reply=reply)
    if not decoding.single_token:
        read = parse_reference(reply.text, reply.finish_reason, grades, reply.refused)
        return Answer(read.state, read.grade, reply=reply)
    token = parse_token(reply.answer_logprobs, grades, reply.finish_reason, reply.refused, reply.logprobs_constrained)
    return Answer(token.state, token.grade, token.probabilities, token.outside_mass, reply)


def _digest(request: Request) -> str:
    """SHA-256 of what was sent: the messages and the answer prefix."""
    sent = [[message.role, message.content] for message in request.messages] + [request.answer_prefix]
    return hashlib.sha256(json.dumps(sent, ensure_ascii=False).encode()).hexdigest()
