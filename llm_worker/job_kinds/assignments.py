"""Labels of nuggets in answers by a prompted model, a batch of nuggets a call (methods.md §2)."""

from collections.abc import Callable, Iterator, Sequence

from llm_worker.domain.nugget_replies import parse_labels
from llm_worker.domain.nugget_values import NuggetText
from llm_worker.engines import Reply, always
from llm_worker.job_kinds.nuggets import AskedOfNuggets, nugget_answer
from llm_worker.job_kinds.prompted import PromptedJudge, ShownPassage
from llm_worker.job_kinds.texts import topic_parts
from llm_worker.models import LlmCall
from llm_worker.nugget_requests import labelling_request
from llm_worker.services.calls import Answer
from nuggets.models import Wording


class AssignmentLabeller(PromptedJudge):
    """A judge that looks for nuggets in answers. What may be said of one, its prompt lists."""

    def label(self, calls: Sequence[LlmCall], go_on: Callable[[], bool] = always) -> Iterator[tuple[LlmCall, Answer]]:
        """Yield each call with its answer."""
        asked = self.ask(calls)
        for index, reply in self.engine.complete([one.request for one in asked], go_on):
            yield calls[index], self.read(asked[index], reply)

    def ask(self, calls: Sequence[LlmCall]) -> list[AskedOfNuggets]:
        """What is asked, call by call."""
        wordings = Wording.objects.in_bulk({key for call in calls for key in call.material["wordings"]})
        shown = self.cut([call.answer.text for call in calls])
        return [
            self._asked(call, [wordings[key].text for key in call.material["wordings"]], text)
            for call, text in zip(calls, shown, strict=True)
        ]

    def read(self, asked: AskedOfNuggets, reply: Reply) -> Answer:
        """One label for each nugget, or the state that says why there is none: never a guess."""
        count = len(asked.call.material["wordings"])
        found = parse_labels(reply.text, reply.finish_reason, self.prompt.labels, count, reply.refused)
        return nugget_answer(asked, reply, found, {"labels": list(found.items)})

    def _asked(self, call: LlmCall, nuggets: Sequence[str], text: ShownPassage) -> AskedOfNuggets:
        said = NuggetText(topic_parts(call.topic), nuggets=nuggets, answer=text.text)
        return AskedOfNuggets(call, labelling_request(self.prompt, self.decoding, said), [text])
