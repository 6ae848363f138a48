"""The order in which prompts reach a model, so that a prefix cache serves what they share.

Judging prompts of one topic begin alike: the instructions, then the topic, then a passage that differs. Sorted prompts
stand beside the ones they share most with. Where a model prefills on a CPU, one prompt of a topic goes first and fills
the cache for the rest of its topic.
"""

from collections.abc import Sequence

from llm_worker.engines.base import Request


def prefix_order(requests: Sequence[Request]) -> list[int]:
    """The requests' indices, sorted by the text of their prompts."""

    def prompt_text(index: int) -> str:
        return "\n".join(f"{message.role}\n{message.content}" for message in requests[index].messages)

    return sorted(range(len(requests)), key=prompt_text)


def leaders_and_followers(prompts: Sequence[Sequence[int]], step: int) -> list[list[int]]:
    """Split prompts (token ids) into batches to be sent one after the other; returns indices into `prompts`.

    A prompt goes ahead alone where it opens a prefix that its sorted neighbour shares and nothing before it filled,
    counted in whole cache blocks of `step` tokens. All others go together, right behind the prompt that leads them.
    """
    order = sorted(range(len(prompts)), key=lambda index: list(prompts[index]))
    batches: list[list[int]] = []
    followers: list[int] = []
    for place, index in enumerate(order):
        behind = _shared_blocks(prompts, order, place - 1, place, step)
        ahead = _shared_blocks(prompts, order, place, place + 1, step)
        if ahead > behind:
            if followers:
                batches.append(followers)
            batches.append([index])
            followers = []
        else:
            followers.append(index)
    return [*batches, followers] if followers else batches


def _shared_blocks(prompts: Sequence[Sequence[int]], order: list[int], first: int, second: int, step: int) -> int:
    if first < 0 or second >= len(order):
        return 0
    one, other = prompts[order[first]], prompts[order[second]]
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared // step
