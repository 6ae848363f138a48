"""What a nugget would do, before it is committed: answers that seem to hold it, and nuggets that say the same."""

from typing import NamedTuple

from nuggets.domain.matching import DUPLICATE, HIT, best_sentence, likeness
from nuggets.domain.sentences import split_sentences
from nuggets.models import Answer, TopicBank
from nuggets.selectors.lists import nugget_list


class Hit(NamedTuple):
    """An answer, the share of the nugget's words that its best sentence has, and that sentence."""

    tag: str
    share: float
    sentence: str


class Impact(NamedTuple):
    """`hits`: by words only, the surest first, of `answers`; `doubles`: (number, text, likeness), the likest first."""

    hits: list[Hit]
    answers: int
    doubles: list[tuple[int, str, float]]


def impact_of(topic_bank: TopicBank, text: str, *, without: int | None = None) -> Impact:
    """`without`: the number of the nugget that is being reworded. Five queries."""
    hits = []
    answers = Answer.objects.filter(topic=topic_bank.topic_id).select_related("run").order_by("run__tag")
    for answer in answers:
        sentences = [one["text"] for one in answer.sentences] or split_sentences(answer.text)
        share, best = best_sentence(text, sentences)
        if share >= HIT:
            hits.append(Hit(answer.run.tag, share, best))
    stored = nugget_list(topic_bank)
    doubles = [
        (number, stored.states[number].text, likeness(text, stored.states[number].text))
        for number in stored.live
        if number != without
    ]
    alike = sorted((one for one in doubles if one[2] >= DUPLICATE), key=lambda one: -one[2])
    return Impact(sorted(hits, key=lambda hit: -hit.share), len(answers), alike)
