import pytest

from llm_worker.engines import ENGINE_KINDS, EngineUnavailable, build_engine, close_engines, engine_for


@pytest.fixture(autouse=True)
def no_engine_left():
    yield
    close_engines()


def test_the_kinds_are_known():
    assert set(ENGINE_KINDS) == {"llama_cpp", "openai", "vllm", "scripted"}
    with pytest.raises(ValueError, match="no engine 'magic'"):
        build_engine("magic", "m")
    with pytest.raises(ValueError, match="options of the engine 'openai'"):
        build_engine("openai", "m", {"base_url": "http://127.0.0.1:1/v1", "colour": "red"})


def test_a_process_has_one_engine_for_one_configuration():
    first = engine_for("scripted", "m", {"seconds": 0.0})

    assert engine_for("scripted", "m", {"seconds": 0.0}) is first
    assert engine_for("scripted", "other", {"seconds": 0.0}) is not first
    close_engines()
    assert first.closed
    assert engine_for("scripted", "m", {"seconds": 0.0}) is not first


def test_the_key_of_a_server_is_read_from_the_named_variable(monkeypatch):
    options = {"base_url": "http://127.0.0.1:1/v1", "api_key_env": "SOME_SERVERS_KEY"}
    monkeypatch.delenv("SOME_SERVERS_KEY", raising=False)
    with pytest.raises(EngineUnavailable, match="SOME_SERVERS_KEY"):
        build_engine("openai", "m", options)

    monkeypatch.setenv("SOME_SERVERS_KEY", "secret")
    build_engine("openai", "m", options).close()


def test_without_an_address_there_is_no_server_to_ask():
    with pytest.raises(EngineUnavailable, match="by batch files alone"):
        build_engine("openai", "m", {"dialect": "vllm"})


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ValueError, match=r"llama\.cpp, vllm, openai"):
        build_engine("openai", "m", {"base_url": "http://127.0.0.1:1/v1", "dialect": "esperanto"})
