"""Embeddings through the real SDK against a server on loopback that misbehaves."""

import asyncio
import base64
import json
import time
from dataclasses import replace

import numpy as np
import pytest

from edt_core.config import EmbeddingSettings
from edt_core.errors import BudgetReached, LlmError, LlmUnavailable, RunCancelled
from edt_core.llm.openai_embed import OpenAIEmbedder, endpoint
from edt_core.llm.prices import ModelPurse, Price, Till


class Memory:
    """Vectors in a dict."""

    def __init__(self):
        self.vectors = {}

    def find(self, keys):
        return {key: self.vectors[key] for key in keys if key in self.vectors}

    def keep(self, vectors):
        self.vectors.update(vectors)


def vector(text):
    return [float(len(text)), 1.0, 0.5]


def body(vectors, *, order=None):
    entries = [{"index": n, "embedding": v, "object": "embedding"} for n, v in enumerate(vectors)]
    entries = [entries[n] for n in order] if order else entries
    return json.dumps({"object": "list", "model": "e", "data": entries})


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def embedder(server, memory, response):
    server.answer = lambda number, asked: response(body([vector(t) for t in asked["input"]]))
    settings = EmbeddingSettings(
        provider="openai", model="e", base_url=server.url, batch_size=3, dimensions=8
    )
    where = replace(endpoint(settings), timeout=5.0, shortest_pause=0.01)
    return OpenAIEmbedder(settings, memory, where)


def test_texts_go_in_batches_and_vectors_come_in_order(embedder, server):
    texts = ["a", "bb", "ccc", "dddd", "a", "eeeee"]
    found = embedder.embed(texts)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [vector(text) for text in texts])
    assert sorted(len(asked["input"]) for asked in server.requests) == [2, 3]


def test_what_was_embedded_is_never_asked_again(embedder, server):
    embedder.embed(["a", "bb"])
    np.testing.assert_array_equal(embedder.embed(["bb", "ccc"]), [vector("bb"), vector("ccc")])
    assert [asked["input"] for asked in server.requests] == [["a", "bb"], ["ccc"]]


def test_the_dimension_is_the_services_own(embedder):
    assert embedder.dimensions == 3


def test_shuffled_vectors_are_put_in_order_by_their_index(embedder, server, response):
    server.answer = lambda number, asked: response(
        body([vector(t) for t in asked["input"]], order=[2, 0, 1])
    )
    np.testing.assert_array_equal(embedder.embed(["a", "bb", "ccc"])[:, 0], [1, 2, 3])


def test_base64_is_read(embedder, server, response):
    packed = base64.b64encode(np.array([1, 2, 3], dtype="<f4").tobytes()).decode()
    server.answer = lambda number, asked: response(body([packed]))
    np.testing.assert_array_equal(embedder.embed(["a"]), [[1, 2, 3]])


@pytest.mark.parametrize(
    "data",
    [
        [[float("nan"), 1.0, 2.0]],
        [[0.0, 0.0, 0.0]],
        [[]],
        [["x", 1.0]],
        ["not base64!"],
        [None],
        [[1.0, 2.0], [1.0, 2.0]],
        [],
    ],
)
def test_an_unsound_vector_is_asked_for_again_and_then_named(
    embedder, server, memory, response, data
):
    server.answer = lambda number, asked: response(body(data))
    with pytest.raises(LlmError, match="no sound vector") as caught:
        embedder.embed(["Tea kettle"])
    assert "Tea kettle" in str(caught.value)
    assert len(server.requests) == 3
    assert not memory.vectors


def test_the_good_vectors_of_a_batch_are_kept_and_the_bad_text_alone_is_asked_again_and_named(
    embedder, server, memory, response
):
    def answer(number, asked):
        bad = [float("nan"), 1.0, 2.0]
        return response(body([bad if t == "dd" else vector(t) for t in asked["input"]]))

    server.answer = answer
    for _ in range(2):
        with pytest.raises(LlmError, match="'dd'") as caught:
            embedder.embed(["a", "dd", "ccc"])
        assert "'a'" not in str(caught.value)
    asked = [asked["input"] for asked in server.requests]
    assert asked == [["a", "dd", "ccc"], ["dd"], ["dd"], *[["dd"]] * 3]
    assert len(memory.vectors) == 2


def test_a_vector_of_another_length_is_asked_again_alone(embedder, server, response):
    embedder.embed(["a"])

    def answer(number, asked):
        vectors = [vector(text) for text in asked["input"]]
        return response(body([*vectors[:-1], vectors[-1][:2]] if number == 1 else vectors))

    server.answer = answer
    np.testing.assert_array_equal(embedder.embed(["bb", "ccc"])[:, 0], [2, 3])
    assert [asked["input"] for asked in server.requests[1:]] == [["bb", "ccc"], ["ccc"]]


def test_a_text_that_spoils_its_whole_batch_is_found_and_the_others_are_kept(
    embedder, server, memory, response
):
    """A server that leaves a text out says nothing of which."""
    embedder.embed(["a"])
    server.answer = lambda number, asked: response(
        body([vector(text) for text in asked["input"] if text != "dd"])
    )
    with pytest.raises(LlmError, match=r"not as many vectors came back.* The text is 'dd'"):
        embedder.embed(["bbb", "cccc", "dd"])
    assert len(memory.vectors) == 3


def test_a_text_that_the_service_refuses_is_named(embedder, server, memory, response):
    def answer(number, asked):
        if "dd" in asked["input"]:
            return response('{"error": {"message": "too long"}}', 400)
        return response(body([vector(text) for text in asked["input"]]))

    server.answer = answer
    with pytest.raises(LlmUnavailable, match=r"refuses the text 'dd': .* too long"):
        embedder.embed(["a", "dd", "ccc"])
    assert len(memory.vectors) == 1


def test_a_text_that_is_forbidden_is_named_and_the_key_is_not_to_blame(
    embedder, server, memory, response
):
    def answer(number, asked):
        if "dd" in asked["input"]:
            return response('{"error": {"message": "no"}}', 403)
        return response(body([vector(text) for text in asked["input"]]))

    server.answer = answer
    embedder.embed(["a"])
    with pytest.raises(LlmUnavailable, match=r"refuses the text 'dd': .* 403"):
        embedder.embed(["bbb", "dd", "cccc"])
    assert len(memory.vectors) == 2


def test_a_wish_to_stop_is_heard_while_vectors_are_bought_and_those_in_flight_come_home(
    embedder, server, memory, response, slowly
):
    def answer(number, asked):
        return slowly(response(body([vector(text) for text in asked["input"]])), 0.3)

    def check():
        if server.requests:
            raise RunCancelled("Stopped as asked.")

    server.answer = answer
    embedder._endpoint = replace(embedder._endpoint, concurrency=2)
    embedder._check = check
    with pytest.raises(RunCancelled):
        embedder.embed([f"text {n}" for n in range(100)])
    assert len(server.requests) == 2
    assert len(memory.vectors) == 6


def test_a_user_who_insists_is_not_kept_waiting(embedder, server, response, slowly):
    def check():
        raise KeyboardInterrupt

    server.answer = lambda number, asked: slowly(response(body([vector("a")])), 3)
    embedder._check = check
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        embedder.embed(["a"])
    assert time.monotonic() - started < 2


def test_repeated_indices_are_no_answer(embedder, server, response):
    entries = [{"index": 0, "embedding": [1.0, 2.0]}] * 2
    server.answer = lambda number, asked: response(json.dumps({"data": entries}))
    with pytest.raises(LlmError, match="indices"):
        embedder.embed(["a", "b"])


def test_a_dimension_that_changes_is_an_error(embedder, server, response):
    embedder.embed(["a"])
    server.answer = lambda number, asked: response(body([[1.0, 2.0]]))
    with pytest.raises(LlmError, match="2 numbers where it gave 3 before"):
        embedder.embed(["b"])


def test_a_batch_that_is_too_large_is_halved(embedder, server, response):
    def answer(number, asked):
        if len(asked["input"]) > 1:
            return response('{"error": {"message": "too many inputs"}}', 413)
        return response(body([vector(text) for text in asked["input"]]))

    server.answer = answer
    np.testing.assert_array_equal(embedder.embed(["a", "bb", "ccc"])[:, 0], [1, 2, 3])


def test_a_wrong_key_stops_at_once(embedder, server, response):
    server.answer = lambda number, asked: response("{}", 401)
    with pytest.raises(LlmUnavailable, match="refuses the key") as caught:
        embedder.embed(["a"])
    assert "EDT_EMBEDDING_KEY" in caught.value.hint
    assert len(server.requests) == 1


def test_what_came_before_a_failure_is_kept(embedder, server, memory, response):
    def answer(number, asked):
        if "dddd" in asked["input"]:
            return response('{"error": {"message": "no"}}', 400)
        return response(body([vector(text) for text in asked["input"]]))

    embedder._endpoint = replace(embedder._endpoint, concurrency=1)
    server.answer = answer
    with pytest.raises(LlmUnavailable):
        embedder.embed(["a", "bb", "ccc", "dddd"])
    assert len(memory.vectors) == 3


def test_nothing_is_embedded_for_nothing(embedder):
    assert embedder.embed([]).shape == (0, 3)


def priced(server, memory, ledger, till):
    settings = EmbeddingSettings(
        provider="openai", model="e", base_url=server.url, batch_size=2, price_input=10.0
    )
    where = replace(endpoint(settings), shortest_pause=0.01, concurrency=1)
    purse = ModelPurse(Price(input=10.0), till)
    return OpenAIEmbedder(settings, memory, where, ledger=ledger, purse=purse)


def with_usage(asked, tokens):
    told = json.loads(body([vector(t) for t in asked["input"]]))
    return json.dumps({**told, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})


def test_every_request_is_on_record_with_its_cost(server, memory, ledger, response):
    def answer(number, asked):
        return response(with_usage(asked, 5)) if number else response("{}", 503)

    server.answer = answer
    till = Till()
    priced(server, memory, ledger, till).embed(["a", "bb", "ccc"])
    assert ledger.statuses() == ["answered", "answered"]
    first, second = ledger.calls.values()
    assert (first.step, first.prompt_tokens, first.cost) == ("embed", 5, pytest.approx(5e-5))
    assert [attempt.status for attempt in first.attempts] == [503, 200]
    assert json.loads(second.request) == {"model": "e", "texts": 1, "letters": 3}
    assert till.spent == pytest.approx(1e-4)


def test_the_cap_holds_for_embeddings_too(server, memory, ledger, response):
    server.answer = lambda number, asked: response(with_usage(asked, 5))
    till = Till(12e-5)
    with pytest.raises(BudgetReached):
        priced(server, memory, ledger, till).embed(["aaa", "bbb", "ccc", "ddd", "eee", "fff"])
    assert len(server.requests) == 2
    assert till.spent == pytest.approx(1e-4)
    assert len(memory.vectors) == 4  # what was bought is kept


def test_a_request_of_unknown_cost_counts_as_the_dearest_it_can_have_been(
    server, memory, ledger, response
):
    server.answer = lambda number, asked: response(body([vector(t) for t in asked["input"]]))
    till = Till()
    priced(server, memory, ledger, till).embed(["aaa"])
    assert (till.unknown, till.spent) == (1, pytest.approx(3e-5))
    assert ledger.calls[1].cost is None


def test_what_stopped_the_rest_is_the_error_and_not_that_they_were_stopped(server, memory):
    class Purse:
        """Refuses the second request while the first is still on its way."""

        asked = 0

        async def reserve(self, text, max_tokens):
            self.asked += 1
            if self.asked == 2:
                raise BudgetReached("empty")
            await asyncio.sleep(0.2)
            return 0.0

        def settle(self, reserved, paid):
            pass

    settings = EmbeddingSettings(provider="openai", model="e", base_url=server.url, batch_size=1)
    embedder = OpenAIEmbedder(settings, memory, purse=Purse())
    with pytest.raises(BudgetReached):
        embedder.embed(["a", "b"])
    assert not server.requests
