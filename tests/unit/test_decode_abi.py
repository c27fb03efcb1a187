"""Facts about events and calls read by their ABI."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.decode.abi import (
    Event,
    Family,
    RawLog,
    Undecodable,
    decode_call,
    decode_event,
    family_of,
    load_family,
    read_fragments,
    selector_of,
    topics_of,
)
from indexer.floor.assets import abis_dir
from indexer.floor.errors import Usage

TOKEN, ALICE, BOB = "0x" + "77" * 20, "0x" + "a1" * 20, "0x" + "b0" * 20
HUGE = 2**256 - 1
DSTOKEN = load_family(["dstoken"])
SUPERSTATE = load_family(["superstate_token"])


def topic(value: str | int) -> bytes:
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32, "big")


def first(signature: str) -> bytes:
    return keccak(signature.encode())


def read(family: Family, topics: tuple[bytes, ...], data: bytes) -> Event | Undecodable | None:
    return decode_event(family, RawLog(TOKEN, 3, topics, data))


BURN = first("Burn(address,uint256,string)")
ISSUE = first("Issue(address,uint256,uint256)")


def test_an_event_has_its_arguments_by_name_in_the_abis_order() -> None:
    """Indexed and plain arguments come back together, addresses as lower-case text."""
    got = read(SUPERSTATE, (first("Mint(address,address,uint256)"), topic(ALICE), topic(BOB)), topic(10**30))
    assert got == Event(TOKEN, 3, "Mint", {"minter": ALICE, "to": BOB, "amount": 10**30})
    assert list(got.args) == ["minter", "to", "amount"]


def test_the_largest_integer_is_exact() -> None:
    """2^256 less one is an integer like any other."""
    got = read(DSTOKEN, (ISSUE, topic(ALICE)), topic(HUGE) + topic(HUGE - 1))
    assert got == Event(TOKEN, 3, "Issue", {"to": ALICE, "value": HUGE, "valueLocked": HUGE - 1})


def test_a_negative_integer_keeps_its_sign() -> None:
    """STBT's interest may be negative."""
    signature = "InterestsDistributed(int256,uint256,uint256,uint256)"
    data = encode(["int256", "uint256", "uint256", "uint256"], [-7, 1, 2, 3])
    assert read(load_family(["stbt"]), (first(signature),), data).args["interest"] == -7


def test_an_indexed_string_is_its_hash() -> None:
    """The log holds only the hash of a string in a topic, and nothing is made of it."""
    bridge = first("Bridge(address,address,uint256,address,string,uint256)")
    hashed = keccak(b"4Nd1m")
    data = encode(["address", "uint256", "uint256"], [ALICE, 5, 0])
    got = read(SUPERSTATE, (bridge, topic(ALICE), topic(0), hashed), data)
    assert got.args["otherDestinationAddress"] == hashed
    assert got.args["chainId"] == 0


def test_a_tuple_is_a_tuple() -> None:
    """The allow-list's permissions are six flags in one argument."""
    signature = "PermissionSet(uint256,(bool,bool,bool,bool,bool,bool))"
    data = b"".join(topic(bit) for bit in (1, 0, 0, 0, 0, 1))
    got = read(load_family(["superstate_allowlist"]), (first(signature), topic(9)), data)
    assert got.args == {"entityId": 9, "permission": (True, False, False, False, False, True)}


def test_an_unknown_topic_is_no_event() -> None:
    """What the family does not know is counted elsewhere, not refused here."""
    assert read(DSTOKEN, (first("Other()"),), b"") is None
    assert read(DSTOKEN, (), b"") is None


@pytest.mark.parametrize("topics", [1, 3, 4])
def test_another_number_of_topics_is_undecodable(topics: int) -> None:
    """The topic is known and the indexed arguments are not those of the ABI."""
    got = read(DSTOKEN, (ISSUE, *[topic(ALICE)] * (topics - 1)), bytes(64))
    assert got == Undecodable(f"Issue with {topics} topics: the ABI has another number of indexed arguments")


@pytest.mark.parametrize("size", [0, 31, 32, 63, 65, 96])
def test_data_of_another_length_is_undecodable(size: int) -> None:
    """Fixed arguments have exactly their length: neither short nor long data is read."""
    got = read(DSTOKEN, (ISSUE, topic(ALICE)), bytes(size))
    assert got == Undecodable(f"Issue with {size} bytes of data: the ABI has another length")


def test_dirt_in_front_of_an_address_is_undecodable() -> None:
    """A topic that is no address is not cut to one."""
    assert isinstance(read(DSTOKEN, (ISSUE, b"\x01" + topic(ALICE)[1:]), bytes(64)), Undecodable)


def test_a_flag_of_two_is_undecodable() -> None:
    """A bool is 0 or 1."""
    family = load_family(["tbill_vault"])
    signature = first("UpdateEpoch(uint256,uint256,bool)")
    assert isinstance(read(family, (signature,), topic(1) + topic(2) + topic(2)), Undecodable)
    assert read(family, (signature,), topic(1) + topic(2) + topic(1)).args["isWeekend"] is True


def text_data(text: bytes, length: int | None = None, offset: int = 64) -> bytes:
    padded = text.ljust(-(-len(text) // 32) * 32, b"\0")
    return topic(5) + topic(offset) + topic(len(text) if length is None else length) + padded


def test_bytes_that_are_no_utf8_are_written_out() -> None:
    """A hostile string is kept, its bad bytes visible."""
    got = read(DSTOKEN, (BURN, topic(ALICE)), text_data(b"a\xff\xfe\x1b[2J"))
    assert got.args["reason"] == "a\\xff\\xfe\x1b[2J"


def test_slack_behind_a_string_is_allowed() -> None:
    """Where a size varies, some compilers leave words behind the last argument."""
    assert read(DSTOKEN, (BURN, topic(ALICE)), text_data(b"BRIDGE") + bytes(32)).args["reason"] == "BRIDGE"


def test_dirt_in_a_strings_padding_is_undecodable() -> None:
    """The length says two bytes, a third is there."""
    assert isinstance(read(DSTOKEN, (BURN, topic(ALICE)), text_data(b"abc", length=2)), Undecodable)


@pytest.mark.parametrize("beyond", [64, 2**40, 2**62, 2**63, 2**255, HUGE])
def test_offsets_and_lengths_beyond_the_data_are_undecodable(beyond: int) -> None:
    """A pointer or a length that leaves the data is refused at once, however large."""
    assert isinstance(read(DSTOKEN, (BURN, topic(ALICE)), text_data(b"abc", length=beyond)), Undecodable)
    assert isinstance(
        read(DSTOKEN, (BURN, topic(ALICE)), text_data(b"abc", offset=max(beyond, 256))), Undecodable
    )


def test_one_name_with_several_fragments_is_told_apart_by_topic() -> None:
    """TBILL's ProcessDeposit has three forms, each with its own fees."""
    family = load_family(["tbill_vault"])
    addresses = [ALICE, BOB]
    old = encode(["address"] * 2 + ["uint256"] * 3 + ["address"] * 2, [*addresses, 1, 2, 3, *addresses])
    new = encode(
        ["address"] * 2 + ["uint256"] * 3 + ["int256", "uint256"] + ["address"] * 2,
        [*addresses, 1, 2, 3, -4, 5, *addresses],
    )
    first_old = first("ProcessDeposit(address,address,uint256,uint256,uint256,address,address)")
    first_new = first(
        "ProcessDeposit(address,address,uint256,uint256,uint256,int256,uint256,address,address)"
    )
    assert read(family, (first_old,), old).args["txsFee"] == 3
    assert read(family, (first_new,), new).args["pFee"] == -4


def test_one_topic_with_two_sets_of_indexed_arguments_is_told_apart_by_their_number(
    tmp_path, monkeypatch
) -> None:
    """A proxy's next version may index an argument that the last one did not."""
    flags = [(True, False), (True, True)]
    fragments = [
        {
            "type": "event",
            "name": "Sent",
            "inputs": [
                {"name": "who", "type": "address", "indexed": a},
                {"name": "", "type": "uint256", "indexed": b},
            ],
        }
        for a, b in flags
    ]
    family = family_of(fragments)
    sent = first("Sent(address,uint256)")
    assert read(family, (sent, topic(ALICE)), topic(5)).args == {"who": ALICE, "arg1": 5}
    assert read(family, (sent, topic(ALICE), topic(5)), b"").args == {"who": ALICE, "arg1": 5}
    assert isinstance(read(family, (sent,), topic(ALICE) + topic(5)), Undecodable)


def test_a_call_has_its_function_and_arguments() -> None:
    """The selector names the function; bytes behind the arguments are ignored, as a contract ignores them."""
    selector = selector_of(["dstoken"], "bulkIssuance(address[],uint256[],uint256)")
    data = selector + encode(["address[]", "uint256[]", "uint256"], [[ALICE, BOB], [1, HUGE], 7]) + b"tail"
    assert decode_call(DSTOKEN, data) == (
        "bulkIssuance",
        {"addresses": (ALICE, BOB), "values": (1, HUGE), "issuanceTime": 7},
    )


@pytest.mark.parametrize("call", [b"", b"\x01", b"\x12\x34\x56\x78", b"\x12\x34\x56\x78" + bytes(64)])
def test_an_unknown_call_is_none(call: bytes) -> None:
    """No selector, a short one or a strange one says nothing."""
    assert decode_call(DSTOKEN, call) is None


def test_a_call_with_broken_arguments_is_none() -> None:
    """A known selector without readable arguments is no call that we know."""
    selector = selector_of(["stbt"], "issue(address,uint256,bytes)")
    assert decode_call(load_family(["stbt"]), selector + topic(ALICE) + topic(1)) is None


def test_overloads_have_their_own_selectors() -> None:
    """burn(uint256) and burn(address,uint256) are two functions of one name."""
    family = load_family(["usdy"])
    assert decode_call(family, selector_of(["usdy"], "burn(uint256)") + topic(5)) == ("burn", {"amount": 5})
    both = decode_call(family, selector_of(["usdy"], "burn(address,uint256)") + topic(ALICE) + topic(5))
    assert both == ("burn", {"from": ALICE, "amount": 5})


def test_topics_of_a_name_are_all_its_variants() -> None:
    """A filter by name asks for every version of the event."""
    names = ["ondo_manager", "ondo_cash_manager"]
    assert len(topics_of(names, ["RedemptionCompleted"])) == 3
    assert topics_of(["superstate_token"], ["Mint"]) == [first("Mint(address,address,uint256)")]


def test_what_is_not_in_the_files_is_refused_with_what_to_do() -> None:
    """An unknown family, event or function is the configuration's error."""
    with pytest.raises(Usage, match=r"no event family nonesuch.*superstate_token"):
        load_family(["nonesuch"])
    with pytest.raises(Usage, match="stbt have no event Nonesuch"):
        topics_of(["stbt"], ["Nonesuch"])
    with pytest.raises(Usage, match="no function nonesuch"):
        selector_of(["stbt"], "nonesuch()")


def test_a_family_is_loaded_once() -> None:
    """Decoding asks for the family again and again."""
    assert load_family(["stbt", "wstbt"]) is load_family(("stbt", "wstbt"))


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """The sentence names the file."""
    (tmp_path / "broken.json").write_text("[{]")
    with pytest.raises(Usage, match=r"broken\.json is not JSON"):
        read_fragments(tmp_path / "broken.json")


def test_every_family_loads_and_every_argument_has_a_name() -> None:
    """The shipped files are sound."""
    for path in sorted(abis_dir().glob("*.json")):
        family = load_family([path.stem])
        assert family.events or family.functions
        for specs in family.events.values():
            assert all(len({a.name for a in spec.arguments}) == len(spec.arguments) for spec in specs)


def test_decoding_needs_no_web3() -> None:
    """Reading an ABI file does not import the RPC library, nor the ABI codec before a log is decoded."""
    code = (
        "import sys; from indexer.decode.abi import load_family; load_family(['stbt']);"
        "sys.exit(any(m in sys.modules for m in ('web3', 'eth_abi')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.binary(min_size=32, max_size=32), max_size=3),
    st.binary(max_size=300),
    st.sampled_from([BURN, ISSUE]),
)
def test_no_log_makes_decoding_fail(topics: list[bytes], data: bytes, known: bytes) -> None:
    """Whatever a log holds, the answer is an event or a reason."""
    assert isinstance(read(DSTOKEN, (known, *topics), data), Event | Undecodable)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(sorted(DSTOKEN.functions)))
def test_no_input_makes_decoding_fail(data: bytes, selector: bytes) -> None:
    """Whatever an input holds, the answer is a call or None."""
    got = decode_call(DSTOKEN, selector + data)
    assert got is None or got[0] == DSTOKEN.functions[selector].name


@settings(deadline=None, max_examples=200)
@given(st.integers(0, HUGE), st.text(max_size=80))
def test_what_the_codec_wrote_is_read_back(value: int, reason: str) -> None:
    """Values encoded by the reference codec come back as they were."""
    data = encode(["uint256", "bytes"], [value, reason.encode("utf-8", "surrogatepass")])
    got = read(DSTOKEN, (BURN, topic(ALICE)), data)
    assert got.args["value"] == value
    assert got.args["reason"] == reason.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")


def events() -> list[tuple[str, str]]:
    """Return canonical signature and signature with ``indexed`` of every event of abis/."""
    found = set()
    for path in sorted(abis_dir().glob("*.json")):
        for spec in (one for many in load_family([path.stem]).events.values() for one in many):
            kinds = [(a.type, " indexed" if a.indexed else "") for a in spec.arguments]
            plain = ",".join(kind for kind, _ in kinds)
            marked = ",".join(kind + flag for kind, flag in kinds)
            found.add((f"{spec.name}({plain})", f"{spec.name}({marked})"))
    return sorted(found)


def test_every_topic_is_what_its_source_states() -> None:
    """Each event's types and indexed flags are those noted, and hash to the topic that its source states."""
    stated = json.loads((Path(__file__).parent.parent / "data" / "topics.json").read_text())
    assert {marked: "0x" + keccak(plain.encode()).hex() for plain, marked in events()} == stated


def test_one_topic_with_two_layouts_is_told_by_its_topics() -> None:
    """Where families differ in an indexed flag only, the number of topics decides which one a log is."""
    both = load_family(["swarm_dotc_manager", "swarm_dotc_v1"])
    cancelled = first("CanceledOffer(uint256,address,uint256)")
    expected = Event(TOKEN, 3, "CanceledOffer", {"offerId": 7, "canceledBy": ALICE, "amountToReceive": 9})
    assert read(both, (cancelled, topic(7)), topic(ALICE) + topic(9)) == expected
    assert read(both, (cancelled, topic(7), topic(ALICE)), topic(9)) == expected
