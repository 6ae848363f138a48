"""Relevance by a prompted model: the pair rendered into the prompt, the reply read strictly."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, Protocol

from assessment.domain.errors import DomainError
from assessment.domain.scales import GradeSpec
from assessment.models import Document, Topic, Track
from llm_worker.domain import prompts
from llm_worker.domain.orders import orders_in
from llm_worker.domain.relevance_values import Example, PairText
from llm_worker.domain.replies import State, parse_reference, parse_token
from llm_worker.engines import Reply, Request, always
from llm_worker.job_kinds.prompted import PromptedJudge, ShownPassage, request_digest
from llm_worker.job_kinds.texts import passage_text, topic_parts
from llm_worker.models import JudgeConfiguration, LlmCall
from llm_worker.relevance_requests import pair_request
from llm_worker.services.calls import Answer
from llm_worker.services.examples import ShownExamples, examples_draw, examples_shown


class Pair(Protocol):
    """What is asked about: a topic and a document. A call is one, and so is a passage of a pool."""

    topic: Topic
    document: Document


class Asked(NamedTuple):
    """A pair as it goes to the engine, with what its call will keep of the asking.

    `inputs` has, where the judge limits tokens, `passage_tokens` (of the whole passage), `passage_kept` (of what the
    prompt shows) and `exact` (false: estimates); where it shows examples, `examples`: [[qid, docid, grade], ...].
    `passage` is what the prompt shows of it.
    """

    pair: Pair
    request: Request
    messages_sha256: str
    inputs: dict
    passage: str
    passage_cut: bool

    @property
    def orders_found(self) -> tuple[str, ...]:
        """The kinds of orders in what the prompt shows of the passage: looked for only where somebody asks, for it
        takes longer than all the rest."""
        return orders_in(self.passage)


class PromptedLabeller(PromptedJudge):
    """A judge in a track: its prompt and decoding, on the engine that its configuration names.

    `ask` and `read` are the two halves of `label`, for those who send the requests by another way. Without a track
    (`scale` instead) nothing is stored, and there are no examples to show.
    """

    def __init__(self, judge: JudgeConfiguration, track: Track | None, scale: Sequence[GradeSpec] = ()):
        super().__init__(judge)
        self.track = track
        stored = track.grades.all() if track else ()
        self.scale = [GradeSpec(grade.value, grade.key, grade.label, grade.definition) for grade in stored] or [*scale]
        self.grades = [grade.value for grade in self.scale]

    def label(self, calls: Sequence[LlmCall], go_on: Callable[[], bool] = always) -> Iterator[tuple[LlmCall, Answer]]:
        """Yield each call with its answer; a pair whose text is not loaded is an error and costs no request."""
        with_text = [call for call in calls if call.document.text is not None]
        for call in calls:
            if call.document.text is None:
                yield call, Answer(State.ERROR, reply=Reply(error="The document's text is not loaded."))
        if self.judge.examples_per_grade:
            examples_draw(judge=self.judge, track=self.track)  # stored before the first reply that saw them
        asked = self.ask(with_text)
        for index, reply in self.engine.complete([one.request for one in asked], go_on):
            yield with_text[index], self.read(asked[index], reply)

    def ask(self, pairs: Sequence[Pair]) -> list[Asked]:
        """What is asked about each pair, whose documents have their texts.

        It asks the engine only where passages are cut by tokens, and may then raise EngineUnavailable.
        Raises DomainError where the judge's examples cannot be had.
        """
        passages = self.cut([passage_text(pair.document) for pair in pairs])
        return [self._asked(pair, passage) for pair, passage in zip(pairs, passages, strict=True)]

    def read(self, asked: Asked, reply: Reply) -> Answer:
        """The engine's reply to what was asked, read by the decoding's rule."""
        return replace(
            relevance_answer(reply, self.decoding, self.grades),
            messages_sha256=asked.messages_sha256,
            inputs=asked.inputs,
            orders_found=asked.orders_found,
            passage_cut=asked.passage_cut,
        )

    @cached_property
    def _examples(self) -> ShownExamples | None:
        """The examples of this judge in this track: those stored, or those that would be drawn now."""
        if not self.judge.examples_per_grade:
            return None
        if self.track is None:
            raise DomainError(f"{self.judge.name} shows examples: name a track whose grades they come from.")
        return examples_shown(judge=self.judge, track=self.track)

    def _asked(self, pair: Pair, passage: ShownPassage) -> Asked:
        shown = self._examples.of(pair.topic.qid) if self._examples else []
        texts = [Example(one.query, one.passage, one.grade) for one in shown]
        said = PairText(topic_parts(pair.topic), passage.text, self.scale, texts, self.prompt.example_words)
        request = pair_request(self.prompt, self.decoding, said)
        inputs = dict(passage.measured)
        if self._examples:
            inputs["examples"] = [[one.qid, one.docid, one.grade] for one in shown]
        return Asked(pair, request, request_digest(request), inputs, passage.text, passage.was_cut)


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
