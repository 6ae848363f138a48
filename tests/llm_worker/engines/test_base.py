from llm_worker.engines import Reply


def test_a_reply_holds_only_text_that_a_database_can_store():
    reply = Reply(text="a\x00b\ud800c", reasoning="\x00", error="broken: \x00")

    assert (reply.text, reply.reasoning, reply.error) == ("a\ufffdb?c", "\ufffd", "broken: \ufffd")


def test_ordinary_text_is_kept_as_it_is():
    text = "##final score: 3\r\n\tسلام 跳蚤 🙂 \u200b"

    assert Reply(text=text).text == text
    assert Reply().error is None
