"""Relevance by a prompted model: the pair rendered into the prompt, the reply read strictly."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from assessment.domain.scales import GradeSpec
from assessment.models import Document, Topic, Track
from llm_worker.domain import prompts
from llm_worker.domain.replies import State, grade_tokens, parse_reference, parse_token
from llm_worker.domain.umbrela import umbrela_values
from llm_worker.engines import Engine, Message, Parameters, Reply, Request, always, engine_for
from llm_worker.job_kinds.lexical import topic_text
from llm_worker.models import JudgeConfiguration, LlmCall
from llm_worker.services.calls import Answer
from llm_worker.services.judges import judge_check_prompt


class Pair(Protocol):
    """What is asked about: a topic and a document. A call is one, and so is a passage of a pool."""

    topic: Topic
    document: Document


class Asked(NamedTuple):
    """A pair as it goes to the engine, with what its call will keep of the asking."""

    pair: Pair
    request: Request
    messages_sha256: str
    inputs: dict
    orders_found: tuple[str, ...]
    passage_cut: bool


class PromptedLabeller:
    """A judge in a track: its prompt and decoding, on the engine that its configuration names.

    `ask` and `read` are the two halves of `label`, for those who send the requests by another way.
    """

    def __init__(self, judge: JudgeConfiguration, track: Track):
        judge_check_prompt(judge)
        self.judge = judge
        self.prompt = prompts.find(judge.prompt)
        self.decoding = self.prompt.decodings[judge.decoding]
        self.scale = [GradeSpec(grade.value, grade.key, grade.label, grade.definition) for grade in track.grades.all()]
        self.grades = [grade.value for grade in self.scale]

    @property
    def engine(self) -> Engine:
        """Built at its first use, which may take a while (a model is loaded) and raise EngineUnavailable."""
        return engine_for(self.judge.engine, self.judge.model, self.judge.options)

    def label(self, calls: Sequence[LlmCall], go_on: Callable[[], bool] = always) -> Iterator[tuple[LlmCall, Answer]]:
        """Yield each call with its answer; a pair whose text is not loaded is an error and costs no request."""
        with_text = [call for call in calls if call.document.text is not None]
        for call in calls:
            if call.document.text is None:
                yield call, Answer(State.ERROR, reply=Reply(error="The document's text is not loaded."))
        asked = self.ask(with_text)
        for index, reply in self.engine.complete([one.request for one in asked], go_on):
            yield with_text[index], self.read(asked[index], reply)

    def ask(self, pairs: Sequence[Pair]) -> list[Asked]:
        """What is asked about each pair, whose documents have their texts."""
        return [self._asked(pair) for pair in pairs]

    def read(self, asked: Asked, reply: Reply) -> Answer:
        """The engine's reply to what was asked, read by the decoding's rule."""
        return replace(
            relevance_answer(reply, self.decoding, self.grades),
            messages_sha256=asked.messages_sha256,
            inputs=asked.inputs,
            orders_found=asked.orders_found,
            passage_cut=asked.passage_cut,
        )

    def _asked(self, pair: Pair) -> Asked:
        request, cut = relevance_request(
            self.prompt,
            self.decoding,
            self.scale,
            query=topic_text(pair.topic),
            passage=passage_text(pair.document),
            max_passage_words=self.judge.max_passage_words,
        )
        return Asked(pair, request, _digest(request), {}, (), cut)


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
    return Answer(
        token.state,
        token.grade,
        token.probabilities,
        token.outside_mass,
        token.expected,
        token.entropy,
        token.margin,
        reply,
    )


def _digest(request: Request) -> str:
    """SHA-256 of what was sent: the messages and the answer prefix."""
    sent = [[message.role, message.content] for message in request.messages] + [request.answer_prefix]
    return hashlib.sha256(json.dumps(sent, ensure_ascii=False).encode()).hexdigest()
