from hypothesis import given
from hypothesis import strategies as st

from llm_worker.engines import Message, Parameters, Request
from llm_worker.engines.prefix import leaders_and_followers, prefix_order

INSTRUCTIONS = [1] * 8
TOPIC_A, TOPIC_B = [2] * 8, [3] * 8


def prompt(topic, passage):
    return [*INSTRUCTIONS, *topic, *passage]


def test_requests_of_one_topic_stand_together():
    texts = ["topic b, passage 1", "topic a, passage 2", "topic b, passage 0", "topic a, passage 1"]
    requests = [Request((Message("user", text),), Parameters(1)) for text in texts]

    assert prefix_order(requests) == [3, 1, 2, 0]


def test_one_prompt_of_a_topic_leads_and_the_rest_follow_it():
    prompts = [
        prompt(TOPIC_A, [11, 12, 13, 14]),
        prompt(TOPIC_B, [21, 22, 23, 24]),
        prompt(TOPIC_A, [15, 16, 17, 18]),
        prompt(TOPIC_B, [25, 26, 27, 28]),
        prompt(TOPIC_A, [19, 20, 21, 22]),
    ]

    assert leaders_and_followers(prompts, step=4) == [[0], [2, 4], [1], [3]]


def test_prompts_that_share_less_than_a_block_go_together():
    assert leaders_and_followers([[1, 2, 3, 4], [1, 2, 5, 6], [7, 8, 9, 10]], step=4) == [[0, 1, 2]]
    assert leaders_and_followers([], step=4) == []


@given(st.lists(st.lists(st.integers(0, 2), max_size=9), max_size=12), st.integers(1, 4))
def test_every_prompt_is_sent_once(prompts, step):
    sent = [index for batch in leaders_and_followers(prompts, step) for index in batch]

    assert sorted(sent) == list(range(len(prompts)))
