"""Lists of nuggets by a prompted model: the list rewritten window by window, then weighed (methods.md §2)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from assessment.models import Document
from llm_worker.domain import prompts
from llm_worker.domain.nugget_replies import ListOutcome, parse_labels, parse_nuggets
from llm_worker.domain.nugget_values import NuggetText
from llm_worker.domain.orders import orders_in
from llm_worker.domain.replies import State
from llm_worker.engines import Reply, Request, always
from llm_worker.job_kinds.prompted import PromptedJudge, ShownPassage, request_digest
from llm_worker.job_kinds.texts import passage_text, topic_parts
from llm_worker.models import JudgeConfiguration, LlmCall
from llm_worker.nugget_requests import creation_request, labelling_request
from llm_worker.services.calls import Answer
from nuggets.domain.windows import list_change


class AskedOfNuggets(NamedTuple):
    """A call as it goes to the engine, with the texts from outside that its prompt shows."""

    call: LlmCall
    request: Request
    texts: Sequence[ShownPassage]


class NuggetLabeller(PromptedJudge):
    """A judge that makes lists: one prompt for the windows, and the one that follows it for their importance.

    `settings` are those of its job (see LlmJob).
    """

    def __init__(self, judge: JudgeConfiguration, settings: dict):
        super().__init__(judge)
        self.most_nuggets, self.most_words = settings["most_nuggets"], settings["most_words"]
        self.weighing = prompts.following(self.prompt)
        self.weighing_decoding = self.weighing.decodings[judge.decoding]

    def label(self, calls: Sequence[LlmCall], go_on: Callable[[], bool] = always) -> Iterator[tuple[LlmCall, Answer]]:
        """Yield each call with its answer. Calls of one topic are asked one after the other, by the job's order."""
        asked = self.ask(calls)
        for index, reply in self.engine.complete([one.request for one in asked], go_on):
            yield calls[index], self.read(asked[index], reply)

    def ask(self, calls: Sequence[LlmCall]) -> list[AskedOfNuggets]:
        """What is asked, call by call."""
        keys = [key for call in calls for key in call.material.get("documents", ())]
        documents = Document.objects.in_bulk(keys)
        shown = dict(zip(keys, self.cut([passage_text(documents[key]) for key in keys]), strict=True))
        return [self._asked(call, [shown[key] for key in call.material.get("documents", ())]) for call in calls]

    def read(self, asked: AskedOfNuggets, reply: Reply) -> Answer:
        """The reply, read strictly: a list, labels, or the state that says why there is none."""
        call = asked.call
        if call.part == LlmCall.Part.WINDOW:
            found = parse_nuggets(reply.text, reply.finish_reason, self.most_nuggets, reply.refused)
            change = list_change(call.material["nuggets"], found.items)
            result = {"nuggets": list(found.items), "change": change.as_dict()}
        else:
            count = len(call.material["nuggets"])
            found = parse_labels(reply.text, reply.finish_reason, self.weighing.labels, count, reply.refused)
            result = {"labels": list(found.items)}
        return nugget_answer(asked, reply, found, result)

    def _asked(self, call: LlmCall, passages: Sequence[ShownPassage]) -> AskedOfNuggets:
        said = NuggetText(
            topic_parts(call.topic),
            nuggets=call.material["nuggets"],
            passages=[passage.text for passage in passages],
            most_nuggets=self.most_nuggets,
            most_words=self.most_words,
        )
        if call.part == LlmCall.Part.WINDOW:
            return AskedOfNuggets(call, creation_request(self.prompt, self.decoding, said), passages)
        return AskedOfNuggets(call, labelling_request(self.weighing, self.weighing_decoding, said), passages)


def nugget_answer(asked: AskedOfNuggets, reply: Reply, found: ListOutcome, result: dict) -> Answer:
    """What a reply about nuggets came to: `result` where it could be read, and what was asked in any case."""
    texts = asked.texts
    answer = Answer(
        found.state,
        reply=reply,
        result=result if found.state is State.OK else None,
        why=found.why,
        messages_sha256=request_digest(asked.request),
        inputs={"texts": [text.measured for text in texts]} if any(text.measured for text in texts) else {},
        orders_found=tuple(sorted({kind for text in texts for kind in orders_in(text.text)})),
        passage_cut=any(text.was_cut for text in texts),
    )
    return replace(answer, state=State.ERROR, result=None, why="") if reply.error else answer
