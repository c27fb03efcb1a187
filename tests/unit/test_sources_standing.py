import pytest
from rpc_node import chain_of

from indexer.floor.spans import Span
from indexer.sources.endpoint import Endpoint
from indexer.sources.profile import GUESS, TOLD
from indexer.sources.provider_errors import Refusal
from indexer.sources.standing import (
    DEAD,
    Standing,
    Tried,
    Want,
    answered,
    best_cut,
    choose,
    failed,
    in_a_row,
    learn,
    pause,
    served,
    size_of,
    spent,
)

WANT = Want("the logs", blocks=1_000, addresses=10)


def standings(count=2):
    chain = chain_of(*["http://127.0.0.1:1/"] * count)
    return [Standing(Endpoint(named, chain)) for named in chain.endpoints]


def test_answers_in_between_break_a_row_of_failures():
    """A task of many requests that fails now and then is no endpoint that is down: rests stay short."""
    (only,) = standings(1)
    rows = []
    for answers in (0, 3, 4, 0):
        only.endpoint.answered += answers
        only.failures = in_a_row(only)
        rows.append(only.failures)
    assert rows == [1, 2, 1, 2]


def test_the_endpoint_without_failures_goes_first():
    """Health comes before the order of the configuration."""
    first, second = standings()
    first.failures = 1
    assert choose([first, second], WANT, {}, now=0.0) is second


def test_work_is_spread_over_the_healthy():
    """Of two healthy endpoints the less busy one is asked."""
    first, second = standings()
    first.busy = 3
    assert choose([first, second], WANT, {}, now=0.0) is second


def test_an_endpoint_that_is_too_small_is_not_asked():
    """A learned cap keeps a request away from an endpoint that would refuse it."""
    first, second = standings()
    first.max_blocks, second.max_blocks = 999, 1_000
    assert choose([first, second], WANT, {}, now=0.0) is second


def test_all_too_small_means_nobody():
    """Where every endpoint is known to be too small no request is made."""
    first, second = standings()
    first.max_blocks, second.max_addresses = 500, 2
    assert choose([first, second], WANT, {}, now=0.0) is None


def test_the_soonest_to_rise_is_waited_for():
    """Where all rest the wait is until the first may be asked again."""
    first, second = standings()
    first.rests_until, second.rests_until = 9.0, 7.0
    assert choose([first, second], WANT, {}, now=5.0) == 2.0


def test_nobody_waits_where_a_smaller_request_would_do():
    """An endpoint that can serve a part now is better than a wait for one that rests."""
    first, second = standings()
    second.rests_until = 9.0
    assert choose([first, second], WANT, {"node-1": Refusal("range")}, now=5.0) is None


def test_a_resting_endpoint_is_waited_for_where_another_has_nothing():
    """That one endpoint lacks the block says nothing of the other, so it is waited for."""
    first, second = standings()
    second.rests_until = 9.0
    assert choose([first, second], WANT, {"node-1": Refusal("absent")}, now=5.0) == 4.0


def test_nobody_waits_for_the_dead():
    """An endpoint that failed again and again does not hold up what another has answered."""
    first, second = standings()
    second.rests_until, second.failures = 9.0, DEAD
    assert choose([first, second], WANT, {"node-1": Refusal("absent")}, now=5.0) is None


def test_the_last_endpoint_is_waited_for_even_if_dead():
    """Where nobody has answered anything, the dead one is still the only hope."""
    (only,) = standings(1)
    only.rests_until, only.failures = 9.0, DEAD
    assert choose([only], WANT, {}, now=5.0) == 4.0


def test_an_endpoint_that_is_out_is_never_asked():
    """The wrong chain is not asked again."""
    (only,) = standings(1)
    only.out = True
    assert choose([only], WANT, {}, now=0.0) is None


def test_pauses_grow_and_are_bounded():
    """A rest starts at some hundredths of a second, doubles, and ends at a few seconds."""
    grown = [pause(failures, 0.5) for failures in (1, 2, 3, 8, 500)]
    assert grown == [0.05, 0.1, 0.2, 5.0, 5.0]
    assert (pause(1, 0.0), pause(1, 1.0)) == (0.025, pytest.approx(0.075))


def test_a_figure_is_learned():
    """The cap that an endpoint states is kept to."""
    (only,) = standings(1)
    learn(only, Refusal("range", max_blocks=500), WANT, 0.0)
    learn(only, Refusal("addresses", max_addresses=2), WANT, 0.0)
    assert (only.max_blocks, only.max_addresses) == (500, 2)


def test_a_refusal_without_a_figure_halves():
    """Half of what was refused is tried next, and only once for requests that were under way together."""
    (only,) = standings(1)
    learn(only, Refusal("range"), WANT, 0.0)
    learn(only, Refusal("range"), WANT, 0.0)
    assert only.max_blocks == 500


def test_a_suggested_span_tells_the_cap():
    """The length of a suggested span is what the endpoint serves."""
    (only,) = standings(1)
    learn(only, Refusal("range", span=Span(1, 100)), WANT, 0.0)
    assert only.max_blocks == 100


def test_a_figure_that_does_not_hold_is_halved():
    """A stated cap that is refused when kept to does not lead down block by block."""
    (only,) = standings(1)
    learn(only, Refusal("range", max_blocks=999), WANT, 0.0)
    learn(only, Refusal("range", max_blocks=998), Want("the logs", blocks=999), 0.0)
    assert only.max_blocks == 499


def test_one_block_teaches_no_cap():
    """A refused single block cannot be asked for in less."""
    (only,) = standings(1)
    learn(only, Refusal("range"), Want("the logs", blocks=1, addresses=1), 0.0)
    learn(only, Refusal("addresses"), Want("the logs", blocks=1, addresses=1), 0.0)
    assert (only.max_blocks, only.max_addresses) == (None, None)


def test_too_many_results_teach_no_cap():
    """How many logs a span holds is the chain's doing, not the endpoint's cap."""
    (only,) = standings(1)
    learn(only, Refusal("results", span=Span(1, 100)), WANT, 0.0)
    assert only.max_blocks is None


def test_the_refusal_that_says_most_is_passed_on():
    """Of several refusals the one that needs the fewest requests is the planner's."""
    wide = Refusal("results", span=Span(1, 800))
    assert best_cut([Refusal("range", max_blocks=500), wide, Refusal("size"), Refusal("auth")]) == wide
    assert best_cut([Refusal("auth")]) is None


def test_slow_requests_get_their_tries():
    """Eight tries are made even where the first ones took all the patience."""
    assert not spent(Tried(0.0, tries=7, reached=True), wait=0.0, now=1_000.0, patience=60.0)
    assert spent(Tried(0.0, tries=8, reached=True), wait=0.0, now=1_000.0, patience=60.0)


def test_waiting_is_bounded_by_patience():
    """Our own pauses add up to no more than the patience; what a provider asks for comes on top."""
    assert spent(Tried(0.0, tries=1, waited=58.0, reached=True), wait=5.0, now=59.0, patience=60.0)
    assert not spent(Tried(0.0, tries=1, waited=58.0, reached=True), wait=30.0, now=59.0, patience=60.0)
    assert spent(Tried(0.0), wait=599.0, now=0.0, patience=60.0)


def test_patience_is_short_where_nobody_is_there():
    """Endpoints none of which can be connected to are given ten seconds, not a minute."""
    assert not spent(Tried(0.0, tries=7, waited=8.0), wait=1.0, now=9.0, patience=60.0)
    assert spent(Tried(0.0, tries=8, waited=9.0), wait=2.0, now=11.0, patience=60.0)
    assert not spent(Tried(0.0, tries=8, waited=9.0, reached=True), wait=2.0, now=11.0, patience=60.0)


def test_a_cap_is_tried_again():
    """A cap that was guessed is doubled after it was obeyed for a while, and falls back where it is refused."""
    (only,) = standings(1)
    learn(only, Refusal("range"), WANT, 0.0)
    for _ in range(GUESS):
        answered(only, Want("the logs", blocks=500), 0, 0.1)
    assert (only.max_blocks, size_of(only)) == (1_000, 1_000)
    learn(only, Refusal("range"), WANT, 0.0)
    assert (only.max_blocks, only.patience) == (500, 2 * GUESS)


def test_a_stated_cap_is_tried_seldom():
    """What an endpoint said itself is obeyed much longer than a guess."""
    (only,) = standings(1)
    learn(only, Refusal("range", max_blocks=500), WANT, 0.0)
    assert only.patience == TOLD


def test_a_silence_asks_for_less():
    """A log request that timed out is followed by a smaller one, and by fewer at a time."""
    (only,) = standings(1)
    failed(only, "slow", Want("the logs", blocks=8_000, first=1), None)
    assert (size_of(only), only.window) == (4_000, 2.0)


def test_the_result_cap_is_learned():
    """How many logs an endpoint gives at most bounds the next spans."""
    (only,) = standings(1)
    learn(only, Refusal("results", max_results=20_000), Want("the logs", blocks=1_000, first=1), 0.0)
    assert (only.max_results, only.max_blocks, size_of(only)) == (20_000, None, 500)


def test_how_deep_state_goes_is_learned():
    """Refusals for missing state and answers mark how far below the head pinned calls are served."""
    first, second = standings()
    first.endpoint.head = second.endpoint.head = 1_000
    failed(first, "missing-state", Want("state", state=800), 1_000)
    served(second, Want("state", state=700), 1_000, 12, 0.0)
    assert (first.no_state_depth, second.state_depth) == (200, 300)
    assert choose([first, second], Want("state", state=790), {}, now=0.0) is second
    assert choose([first, second], Want("state", state=900), {}, now=0.0) is first
    served(first, Want("state", state=500), 1_000, 12, 0.0)
    assert (first.state_depth, first.no_state_depth) == (500, None)


def test_a_full_endpoint_is_not_asked_before_a_free_one():
    """Requests under way are bounded for each endpoint; one with room goes first."""
    first, second = standings()
    first.busy, second.busy, second.window = 4, 4, 8.0
    assert choose([first, second], WANT, {}, now=0.0) is second
