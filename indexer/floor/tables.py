"""Every table, declared once. The Arrow schema and the SQL table both come from here.

A column's kind says how it is held:

    kind     Arrow                  SQL                        meaning
    text     string                 TEXT
    int      int64                  BIGINT
    bool     bool                   BOOLEAN
    time     timestamp[us]          TIMESTAMP                  UTC, no zone attached
    day      date32                 DATE                       UTC
    bytes    binary                 BLOB                       any length
    bytes20  fixed binary[20]       BLOB                       an address, raw
    bytes32  fixed binary[32]       BLOB                       a hash or a topic, raw
    units    decimal128(38, 0)      NUMERIC(38,0) or text      base units, shares
    amount   decimal128(38, 18)     NUMERIC(38,18) or text     token units, prices, multipliers
    money    decimal128(38, 6)      NUMERIC(38,6) or text      values in a currency
    ratio    double                 DOUBLE                     shares of a whole; never an amount

Decimals are plain text on SQLite, which would turn them into floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

DIGITS = 38
MAX_UNITS = 10**DIGITS - 1
SCALE = 18
MONEY_SCALE = 6


class Column(NamedTuple):
    name: str
    kind: str
    doc: str
    nullable: bool = False


class Table(NamedTuple):
    """One table: its rows' meaning, its columns in order, and the columns that name a row."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]


def _columns(*lines: str) -> tuple[Column, ...]:
    """Read 'name kind[?] doc' lines; a question mark allows NULL."""
    out = []
    for line in lines:
        name, kind, doc = line.split(" ", 2)
        out.append(Column(name, kind.rstrip("?"), doc, kind.endswith("?")))
    return tuple(out)


_TOKEN = (
    "token text Token id of the configuration",
    "chain_id text CAIP-2 chain id",
)
_DAILY = (
    "coverage text full: the day is wholly indexed; partial: it is not, and stocks are NULL",
    "published_at time? When the day became final here (wall clock)",
    "why_null text? Why a figure of this row is NULL",
)

LOGS = Table(
    "logs",
    "Raw logs as the node answered them, losslessly.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "block_number int Block",
        "block_hash bytes32 Hash of the block",
        "block_time time Time of the block",
        "tx_hash bytes32 Transaction",
        "tx_index int Position of the transaction in its block",
        "log_index int Position of the log in its block",
        "address bytes20 Contract that emitted the log",
        "topic0 bytes32? First topic",
        "topic1 bytes32? Second topic",
        "topic2 bytes32? Third topic",
        "topic3 bytes32? Fourth topic",
        "data bytes Data, any length",
    ),
    ("chain_id", "block_number", "log_index"),
)

READS = Table(
    "reads",
    "Raw answers of contracts to pinned calls that derive asked for.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "block_number int Block the call is pinned to",
        "block_hash bytes32 Its hash",
        "block_time time Its time",
        "address bytes20 Contract called",
        "call bytes Selector and arguments; 'slot:' and 32 bytes where a storage slot was read",
        "result bytes? Answer; NULL where the call reverted",
        "error text? What the node said where it reverted",
        "endpoint text Name of the endpoint",
        "fetched_at time When it was fetched (wall clock)",
    ),
    ("chain_id", "block_number", "address", "call"),
)

TRANSACTIONS = Table(
    "transactions",
    "Transactions that changed supply or that a rule needed.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "tx_hash text Hash",
        "block_number int Block",
        "tx_index int Position in the block",
        "from_address text Sender",
        "to_address text? Target; NULL where a contract was created",
        "selector text? First four bytes of the input",
        "input text Input, whole",
    ),
    ("chain_id", "tx_hash"),
)

TRANSFERS = Table(
    "transfers",
    "Entries of the ledger: every mint, burn and move, with what it was and how we know.",
    _columns(
        *_TOKEN,
        "contract text Token contract",
        "block_number int Block",
        "block_time time Time of the block",
        "tx_hash text Transaction",
        "tx_index int Position of the transaction in its block",
        "log_index int Log that tells the entry",
        "entry int Number of the entry within its log, from 0",
        "from_address text Debited account; the zero address where minted",
        "to_address text Credited account; the zero address where burned",
        "amount_raw units? What really moved, in base units",
        "amount amount? The same in token units",
        "units units? What the ledger conserves: base units, or shares of a rebasing token",
        "effect text mint, burn, move, none: the fact",
        "reason text What it was: issuance, redemption, distribution, …",
        "rule text Rule that says so, name@version",
        "evidence text event, input, role, match, pattern, default",
        "party text? The customer where neither from nor to",
        "link text? Shared by the legs of one bridge, swap, wrap or request",
        "other_chain text? Destination or source of a bridge",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "block_number", "log_index", "entry"),
)

REBASES = Table(
    "rebases",
    "Steps of the multiplier that turns units into token units.",
    _columns(
        *_TOKEN,
        "contract text Contract that says so",
        "effective_at time When it took effect",
        "announced_at time? When the chain learnt it",
        "block_number int? Block; NULL where time alone moved it",
        "tx_hash text? Transaction",
        "log_index int? Log",
        "kind text accrual, split, fee, correction",
        "cause text log, time, read",
        "numerator units? Balance of one holder = (units × numerator + addend) // denominator",
        "denominator units? See numerator",
        "multiplier amount? Token units that one whole unit is worth, cut to 18 decimals",
        "min_units units? Smallest units whose balance is above zero",
        "addend units? Added to units × numerator before the division: 0, or what rounds to nearest",
        "amount amount? Change of supply by this step, in token units",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "effective_at", "block_number", "log_index"),
)

SUPPLY_CHANGES = Table(
    "supply_changes",
    "Supply after each change of it, by log or by time.",
    _columns(
        *_TOKEN,
        "contract text Token contract",
        "effective_at time When it took effect",
        "block_number int? Block; NULL where time alone moved it",
        "log_index int? Log",
        "cause text mint, burn, rebase",
        "units units? Total units after the change",
        "supply_raw units? totalSupply after the change, in base units",
        "supply amount? The same in token units",
        "numerator units? Balance of one holder = (units × numerator + addend) // denominator",
        "denominator units? See numerator",
        "addend units? See numerator: 0, or what rounds to nearest",
        "multiplier amount? Token units that one whole unit is worth, cut to 18 decimals",
        "min_units units? Smallest units whose balance is above zero",
        "rounding units? What the contract's rounding adds to the booked amounts, in base units",
        "rounding_bound units? The largest rounding that the accrual's arithmetic allows here",
        "reads_used int Pinned reads of the total itself that the totals rest on",
        "rate_read bool Whether the rate was read from a contract, in no log",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "effective_at", "block_number", "log_index"),
)

UNDECODED = Table(
    "undecoded",
    "Logs with a known topic that the ledger cannot hold.",
    _columns(
        *_TOKEN,
        "block_number int Block",
        "tx_hash text Transaction",
        "log_index int Log",
        "address text Contract",
        "topic0 text? First topic",
        "reason text Why it cannot be held",
    ),
    ("token", "chain_id", "block_number", "log_index"),
)

DISTRIBUTIONS = Table(
    "distributions",
    "Yield paid in kind, a row a holder: new units for units held, or taken where the yield was negative.",
    _columns(
        *_TOKEN,
        "contract text Contract that says so, or the token where none does",
        "block_number int Block",
        "block_time time Time of the block",
        "tx_hash text Transaction",
        "log_index int Log that tells it",
        "holder text Address",
        "accrual_date day? Day for which the yield was earned, where the chain tells it",
        "rate amount? Yield for one token unit of the basis, signed, where the chain tells it",
        "basis_units units? Units that earned",
        "told_units units? Units that the contract's formula gave, signed; a burn takes no more than there is",
        "units units? Units paid, negative where they were taken",
        "price amount? Price at which the yield became units",
        "evidence text How we know: event, input, pattern",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "block_number", "log_index", "holder"),
)

NAVS = Table(
    "navs",
    "Prices of one token unit as the chain or a document tells them.",
    _columns(
        *_TOKEN,
        "contract text Contract that tells it",
        "effective_at time When the price holds from: the NAV's own date",
        "published_at time When the chain learnt it",
        "block_number int? Block; NULL where time alone moved it",
        "tx_hash text? Transaction",
        "log_index int? Log",
        "price amount? Price of one token unit",
        "currency text Currency of the price",
        "kind text official, transaction, extrapolated, par, exit, import, market",
        "stale_at time? From when it is out of date by its source's cadence and grace; NULL never",
        "source text Where it comes from",
        "confidence text? Confidence in the source",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "effective_at", "published_at", "block_number", "log_index"),
)

REQUEST_EVENTS = Table(
    "request_events",
    "Steps of subscriptions, redemptions and other requests, as the contracts tell them.",
    _columns(
        *_TOKEN,
        "contract text Contract that tells it",
        "block_number int Block",
        "block_time time Time of the block",
        "tx_hash text Transaction",
        "log_index int Log",
        "request_id text? Id that joins the steps of one request, unique with its kind; NULL where there is none",
        "kind text? subscription, redemption, transfer, trade, mint, bridge; NULL where the contract tells none",
        "phase text requested, changed, approved, settled, cancelled, refunded, claimable",
        "holder text? Who asked",
        "receiver text? Who gets the proceeds, where another",
        "units units? Token units in base units",
        "asset text? Contract of the asset paid or received, where told",
        "asset_amount units? Amount of that asset, in its own base units",
        "price units? Price as the contract scales it",
        "fee units? Fee as the contract scales it: base units of the asset, or of the price",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "block_number", "log_index"),
)

COMPLIANCE_EVENTS = Table(
    "compliance_events",
    "Freezes, bans, allow-lists, pauses, seizures, roles and upgrades.",
    _columns(
        *_TOKEN,
        "contract text Contract that tells it",
        "block_number int Block",
        "block_time time Time of the block",
        "tx_hash text? Transaction; NULL where state alone tells it",
        "log_index int? Log; NULL where state alone tells it",
        "kind text freeze, unfreeze, ban, unban, allow, disallow, pause, unpause, seize, lock, unlock, role_granted, "
        "role_revoked, owner, implementation, oracle, setting",
        "account text? Whom it concerns",
        "authority text? Who did it, where told",
        "amount units? Amount in base units, where there is one",
        "detail text? Event, and what else it says",
    ),
    ("token", "chain_id", "block_number", "log_index", "kind", "account"),
)

ENTITY_WALLETS = Table(
    "entity_wallets",
    "Which wallets the issuer's own registry says belong together, and for which blocks.",
    _columns(
        *_TOKEN,
        "platform text Platform whose registry it is",
        "contract text Registry",
        "entity text Id of the entity; an investor id as a keyed hash",
        "wallet text Address",
        "from_block int First block",
        "to_block int? Last block; NULL while it stands",
    ),
    ("token", "chain_id", "contract", "entity", "wallet", "from_block"),
)

BRIDGE_LEGS = Table(
    "bridge_legs",
    "Both ends of crossings from chain to chain and of swaps from token to token, and the other end where it is found.",
    _columns(
        *_TOKEN,
        "contract text Token contract",
        "block_number int Block",
        "block_time time Time of the block",
        "tx_hash text Transaction",
        "log_index int Log that tells the entry",
        "entry int Number of the entry within its log, from 0",
        "direction text out: it departs here; in: it arrives here",
        "effect text mint, burn, move: the fact",
        "amount_raw units? Amount in base units",
        "amount amount? The same in token units",
        "sender text? Account that it departs from, on its own chain, where told",
        "receiver text? Account that it arrives at, on its own chain, where told",
        "link text? Shared by the legs of one crossing",
        "other_chain text? The chain at the other end",
        "matched_token text? Token of the other end",
        "matched_chain text? Its chain",
        "matched_tx text? Its transaction",
        "matched_log_index int? Its log",
        "matched_entry int? Its number within the log",
        "matched_at time? When it arrived: the time of the leg that came in, on both rows",
        "matched_by text? link, accounts, receiver, near, amount, transaction",
        "in_transit bool? Departed and not arrived; of an arrival: no departure is found. NULL where not known",
        "age_seconds int? From the leg to the newest block of the token's chains, while it is open",
        "ruled_reason text Reason that the rules gave, without the match",
        "ruled_rule text Rule that gave it",
        "ruled_evidence text Its evidence",
        "ruled_party text? Its party",
        "ruled_link text? Its link",
        "ruled_other_chain text? Its other chain",
        "why_null text? Why the other end is not known",
    ),
    ("token", "chain_id", "block_number", "log_index", "entry"),
)

BALANCES = Table(
    "balances",
    "What each address holds at the frontier. Stock.",
    _columns(
        *_TOKEN,
        "contract text Token contract",
        "holder text Address",
        "units units? Units held",
        "balance amount? What balanceOf answers, in token units",
        "escrowed amount? What the address has behind escrows through requests that are not settled",
        "beneficial amount? balance + escrowed; of an escrow, what of its balance no request explains",
        "entity text? Entity of the address in the issuer's own registry at that block",
        "role text? Role of the address at that time",
        "first_seen time First entry",
        "last_active time Last entry",
        "as_of_block int Block the row holds for",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "holder"),
)

BALANCE_DAYS = Table(
    "balance_days",
    "What an address held at the close of each day on which its units changed. Stock.",
    _columns(
        *_TOKEN,
        "contract text Token contract",
        "day day UTC day",
        "holder text Address",
        "units units? Units held at the close",
        "balance amount? The same in token units, at that close",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "holder", "day"),
)

SUPPLY_DAILY = Table(
    "supply_daily",
    "Supply at the close of every day. Stock.",
    _columns(
        *_TOKEN,
        "day day UTC day",
        "units units? Total units",
        "supply amount? Total supply in token units",
        "circulating amount? supply less what the issuer's own addresses hold at that close",
        "excluded_issuer_float amount? Held by addresses with role issuer_float",
        "excluded_burner amount? Held by addresses with role burner",
        "excluded_bridge_locker amount? Locked for a copy that is indexed on another chain",
        "excluded_redeem_wallet amount? Redemption pending: its holder has a claim on cash instead",
        "held_by_other_products amount? Of circulating, what addresses with role reserve_of another product hold",
        "multiplier amount? Token units that one whole unit is worth, cut to 18 decimals",
        "nav amount? Price of one token unit in force at the close, in the currency of its source",
        "nav_currency text? That currency",
        "nav_kind text? What kind of price it is: see navs; import: a file told it",
        "nav_effective_at time? The date of that price",
        "nav_stale bool? Whether that price is out of date by its source's cadence and grace",
        "value money? circulating × nav, cut to 6 decimals, in the currency of the price",
        "value_usd money? The same where that currency is USD",
        "certificate text state, bracketed, open, anchored, failed, none",
        *_DAILY,
    ),
    ("token", "chain_id", "day"),
)

ROLLFORWARD_FLOWS = (
    "issued", "redeemed", "distributed", "rebased", "fees", "bridged_in", "bridged_out", "swapped_in",
    "swapped_out", "forced", "migrated", "reversed", "adjusted", "premint_retire", "float_out_in", "unclassified",
    "rounding",
)  # fmt: skip

SUPPLY_ROLLFORWARD = Table(
    "supply_rollforward",
    "Opening + movements = closing, every day, signed, in token units. Flow.",
    _columns(
        *_TOKEN,
        "day day UTC day",
        "basis text total, circulating",
        "opening amount? Supply of the basis at the previous close",
        *(f"{name} amount? Net change of supply booked as {name}" for name in ROLLFORWARD_FLOWS),
        "closing amount? Supply of the basis at the close",
        *_DAILY,
    ),
    ("token", "chain_id", "day", "basis"),
)

PRODUCT_DAILY = Table(
    "product_daily",
    "A product over all its tokens and chains at the close of every day, nothing counted twice. Stock.",
    _columns(
        "product text Product",
        "day day UTC day",
        "supply amount? Supply of its tokens on the chains that are indexed here, without wrappers and copies",
        "circulating amount? What of it circulates; what is locked for a copy circulates as that copy",
        "in_transit amount? Burned on one chain and not yet minted on another",
        "elsewhere amount? Supply that files told of chains not indexed here and of book entry",
        "elsewhere_source text? Who told it",
        "elsewhere_as_of day? Day of the oldest of these figures",
        "held_by_other_products amount? Of circulating, what other products hold in reserve",
        "value_gross money? Circulating, in transit and elsewhere at the price in force, in the product's currency",
        "value_net money? The same without what other products hold: these values add over products",
        "price_kinds text? Kinds of the prices in the values; import: a file told one",
        "chains_indexed int Chains that are indexed here",
        "chains_known int Chains that it is known to live on",
        "complete bool Whether every known place has a figure",
        "why_incomplete text? What is missing, where it is not",
        *_DAILY,
    ),
    ("product", "day"),
)

HOLDERS_DAILY = Table(
    "holders_daily",
    "Holders at the close of every day; chain_id 'all' is the whole token. Stock.",
    _columns(
        *_TOKEN,
        "day day UTC day",
        "addresses int? Addresses with balanceOf of at least one base unit, contracts and 0x0 included",
        "holders int? The same without excluded, escrow, wrapper and locker roles, with requesters behind escrow",
        "entities int? Holders, wallets that the issuer's own registry joins counted as one",
        "entered int? Addresses that became holders on the day",
        "exited int? Addresses that ceased to be holders on the day",
        "top1_share ratio? Of what holders hold and have behind escrows, what the largest has",
        "top5_share ratio? The same of the five largest",
        "top10_share ratio? The same of the ten largest",
        "top50_share ratio? The same of the fifty largest",
        "hhi ratio? Sum of the squares of their shares, at most 1",
        "gini ratio? Gini coefficient of what they have: 0 where all have the same",
        "nakamoto int? How many of the largest together have more than half",
        "lower_bound bool? true: an omnibus wallet holds for others, so there are more holders than are counted",
        "omnibus_share ratio? Share of omnibus wallets",
        *_DAILY,
    ),
    ("token", "chain_id", "day"),
)

FLOWS_DAILY = Table(
    "flows_daily",
    "Entries of a day by effect, reason and evidence. Flow.",
    _columns(
        *_TOKEN,
        "day day UTC day",
        "effect text mint, burn, move, none",
        "reason text What it was",
        "evidence text How we know",
        "transfers int Entries",
        "transactions int Transactions with such an entry",
        "amount amount? Sum of the entries' amounts",
        "minted amount? Of which minted",
        "burned amount? Of which burned",
        "parties int Distinct customers",
        "value_usd money? The entries at the price in force when each happened, summed and cut to 6 decimals",
        "price_kinds text? Kinds of the prices in value_usd; import: a file told one",
        *_DAILY,
    ),
    ("token", "chain_id", "day", "effect", "reason", "evidence"),
)

ACTIVITY_DAILY = Table(
    "activity_daily",
    "Who was active on a day and how much moved. Flow.",
    _columns(
        *_TOKEN,
        "day day UTC day",
        "senders int Distinct debited addresses without 0x0",
        "receivers int Distinct credited addresses without 0x0",
        "active_addresses int Distinct addresses on either side",
        "transfers int Entries",
        "volume_raw amount? Sum of all entries' amounts",
        "volume_adjusted amount? Net credits per transaction, reason transfer only, addresses with a role left out",
        "turnover_30d ratio? volume_adjusted of 30 days ÷ supply at the close",
        *_DAILY,
    ),
    ("token", "chain_id", "day"),
)

YIELDS_DAILY = Table(
    "yields_daily",
    "Yield of the total-return index, simple unless named compound; 0.05 is 5 % a year. Flow.",
    _columns(
        *_TOKEN,
        "day day UTC day",
        "index_value amount? Total-return index at its newest observation: price × multiplier × growth by payments",
        "observed_on day? The date of that observation",
        "yield_7d ratio? Change of the index over exactly 7 days × 365 ÷ 7",
        "yield_7d_compound ratio? The same change, compounded over a year",
        "yield_7d_from day? Date of the observation that the window starts with",
        "yield_7d_to day? Date of the observation that it ends with, at most 4 days before the day",
        "yield_30d ratio? Change of the index over exactly 30 days × 365 ÷ 30",
        "yield_30d_compound ratio? The same change, compounded over a year",
        "yield_30d_from day? Date of the observation that the window starts with",
        "yield_30d_to day? Date of the observation that it ends with, at most 4 days before the day",
        "yield_period ratio? Change between the last two observations, by their days, × 365",
        "yield_period_from day? Date of the last but one observation",
        "yield_period_to day? Date of the last observation, however old",
        "method text What the observations are: nav, multiplier, distribution",
        "source text? Where the newest one comes from; it begins with import where a file told a price",
        *_DAILY,
    ),
    ("token", "chain_id", "day"),
)

REQUESTS = Table(
    "requests",
    "Each request at its last step: what still waits, and how the others ended. Stock.",
    _columns(
        *_TOKEN,
        "contract text Contract that tells the last step",
        "request text Id of the request, unique with its kind; where there is none, transaction and log of its step",
        "kind text? subscription, redemption, transfer, trade, mint, bridge; NULL where the contract tells none",
        "phase text Phase of the last step",
        "is_open bool Whether more is to come: requested, changed, approved or claimable",
        "holder text? Who asked",
        "receiver text? Who gets the proceeds, where another",
        "units units? Token units in base units, as the last step that told them did",
        "asset text? Contract of the asset paid or received, where told",
        "asset_amount units? Amount of that asset, as the last step that told it did",
        "price units? Price as the contract scales it",
        "fee units? Fee as the contract scales it",
        "steps int Steps so far",
        "first_at time Time of the first step",
        "first_block int Block of the first step",
        "last_at time Time of the last step",
        "last_block int Block of the last step",
        "last_tx_hash text Transaction of the last step",
        "why_null text? Why a figure of this row is NULL",
    ),
    ("token", "chain_id", "request", "kind"),
)

CERTIFICATES = Table(
    "certificates",
    "Figures from events beside the contract's own state at the same block.",
    _columns(
        "certificate_id text Digest of what was compared",
        *_TOKEN,
        "block_number int Block",
        "block_hash text Its hash",
        "block_time time Its time",
        "final bool Whether the block was final",
        "units units? Total units from events",
        "supply_raw units? totalSupply from events, in base units",
        "supply amount? The same in token units",
        "contract_units units? Total shares the contract answered, where it has them",
        "contract_supply_raw units? totalSupply the contract answered, in base units",
        "contract_supply amount? The same in token units",
        "holders_checked int Balances compared",
        "holders_wrong int Balances that differ",
        "holders_known int Addresses ever seen",
        "seed text Seed of the sample",
        "tolerance units Largest difference that passes",
        "reads_used int Pinned reads of the same total that the figure rests on",
        "rate_read bool Whether the multiplier or price in the figure was read from a contract",
        "verdict text pass, pass_within, read, fail, unknown",
        "reason text? Why, where the verdict is not pass",
        "spans_digest text Digest of the segments behind the figure",
        "config_digest text Digest of the token's configuration",
        "code_version text Version of the deriving code",
        "endpoint text Name of the endpoint",
        "fetched_at time When it was checked (wall clock)",
    ),
    ("certificate_id",),
)

DERIVATIONS = Table(
    "derivations",
    "Through which block each token on each chain is derived, and from what.",
    _columns(
        *_TOKEN,
        "first_block int First block of the covered run",
        "frontier_block int Last block of the covered run",
        "frontier_hash text Its hash",
        "frontier_time time Its time",
        "covered_until time Last second whose events are all known: the frontier's, or its day's where the "
        "next block is known to be of a later day",
        "final bool Whether the frontier was final when derived",
        "final_until time? Last second whose events were all final when derived; days up to it are published",
        "holds_start bool Whether the run holds the token's start",
        "why_null text? Why stocks are NULL where they are",
        "reads_allowed bool Whether derive could make pinned reads",
        "inputs_missing int Transactions and reads that were wanted and that no endpoint had",
        "config_digest text Digest of the token's configuration",
        "code_version text Version of the deriving code",
    ),
    ("token", "chain_id"),
)

FILTERS = Table(
    "filters",
    "What one request asked for: addresses, each with its topics or all.",
    _columns(
        "filter_id text Digest of chain and body",
        "chain_id text CAIP-2 chain id",
        "body text JSON list of [address, topic0 or null]",
    ),
    ("filter_id",),
)

SEGMENTS = Table(
    "segments",
    "The book of progress: which blocks were asked for which filter, and how that was proved.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "filter_id text Filter asked",
        "first int First block",
        "last int Last block",
        "last_hash text Hash of the last block",
        "last_time time Time of the last block",
        "endpoint text Name of the endpoint",
        "logs int Logs found",
        "proof text end_block: the same endpoint answered the last block's header; agreed: another endpoint gave the "
        "same logs; bloom: headers and receipts leave no block out; receipts: every block's receipts were recomputed",
        "final bool Whether the last block was final when it was last looked at",
        "path text? Parquet file; NULL where there was no log",
        "fetched_at time When it was fetched (wall clock)",
    ),
    ("chain_id", "filter_id", "first"),
)

FILES = Table(
    "files",
    "The manifest: Parquet files that make up each table.",
    _columns(
        "path text Path below the lake; its name ends in the content's hash",
        "table_name text Table",
        "chain_id text? Chain, where the file holds one",
        "token text? Token, where the file holds one",
        "first int? First block; of daily figures the first day of the period, as YYYYMMDD",
        "last int? Last block; of daily figures the last day of the period, as YYYYMMDD",
        "rows int Rows",
        "schema_digest text Digest of the schema",
        "unlisted_at time? When the file left the manifest; deleted some time later",
    ),
    ("path",),
)

CLAIMS = Table(
    "claims",
    "What a running writer has taken on.",
    _columns("claim text What is claimed", "owner text By whom", "fetched_at time When (wall clock)"),
    ("claim",),
)

ENDPOINTS = Table(
    "endpoints",
    "What was learnt of each endpoint.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "endpoint text Name; never the URL",
        "max_blocks int? Largest span it serves",
        "max_addresses int? Most addresses in a filter",
        "batches bool Whether it takes batched requests",
        "fetched_at time When this was learnt (wall clock)",
        "max_results int? Most logs in an answer, as it said",
        "max_batch int? Most requests in a batch, where more were refused",
        "span int? Blocks of a log request that it answers in a few seconds",
        "in_flight int? Requests at a time that it answers without falling behind",
        "max_rate ratio? Requests a second that it takes; NULL where no rate limit was met",
        "lag int? Blocks behind the newest head that any endpoint of the chain named",
        "logs_from int? Lowest block from which on it was proved to hold logs, by canaries",
        "logs_proved_at time? When that was proved (wall clock)",
        "no_logs_at int? Highest block whose canary it did not return",
        "state_depth int? Blocks below the head at which it answered a pinned call",
        "no_state_depth int? Blocks below the head at which it refused one for missing state",
        "block_timestamp bool? Whether its logs carry the time of their block",
        "finalized bool? Whether it knows the chain's finality tag",
        "capped_at time? When a cap was last lowered (wall clock)",
        "last_good_at time? When it last served a request (wall clock)",
        "last_bad_at time? When it last failed one (wall clock)",
    ),
    ("chain_id", "endpoint"),
)

AUDITS = Table(
    "audits",
    "What audits found of the spans they looked at, and what was repaired; the last word on each span and level.",
    _columns(
        "chain_id text CAIP-2 chain id; `all` for a file that several chains share",
        "filter_id text Filter whose logs were audited; of a file its path",
        "level text What the logs were held against: agreed, bloom, receipts; rows and file ask nobody",
        "first int First block",
        "last int Last block",
        "verdict text pass; repaired: it failed and was put right; exception: the chain itself cannot prove it; "
        "failed; unknown: no endpoint could settle it",
        "detail text? What was found, in a sentence",
        "logs int Logs held when audited, after the repair where one was made",
        "added int Logs that were missing",
        "removed int Logs that should not be there",
        "logs_digest text Digest of those logs: a verdict holds for them only",
        "parent_hash text? Hash of the block before the span, where headers were asked",
        "last_hash text? Hash of its last block, where headers were asked",
        "seed text? Seed of the sample, where the span was drawn by one",
        "endpoint text? Name of the endpoint that gave the evidence",
        "fetched_at time When it was audited (wall clock)",
    ),
    ("chain_id", "filter_id", "level", "first"),
)

HEADS = Table(
    "heads",
    "How each chain stood when it was last looked at: what `rwa status` says of followers.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "head_number int? Newest block that an endpoint named",
        "head_hash text? Its hash",
        "head_time time? Its time",
        "final_number int? Newest final block",
        "final_hash text? Its hash",
        "advanced_at time When the head last rose (wall clock)",
        "seen_at time When the chain was last looked at (wall clock)",
        "following bool Whether `rwa follow` has the chain and has not ended in good order",
        "halted text? Why nothing is fetched any more: the chain contradicts what was final",
        "trouble text? Why the last look failed",
    ),
    ("chain_id",),
)

MOMENTS = Table(
    "moments",
    "Instants that were found as blocks, so that they are searched once: days, and times at which a price moves.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "instant time The instant, UTC",
        "block_number int First block at or after it",
        "block_hash text Hash of that block",
        "block_time time Time of that block",
    ),
    ("chain_id", "instant"),
)

PUBLICATIONS = Table(
    "publications",
    "When days became final here: every day up to through_day was published by published_at.",
    _columns(
        *_TOKEN,
        "through_day day Last day published",
        "published_at time Wall clock",
    ),
    ("token", "chain_id", "through_day"),
)

RESTATEMENTS = Table(
    "restatements",
    "Published figures that changed since.",
    _columns(
        *_TOKEN,
        "table_name text Table",
        "day day Day restated",
        "column_name text Figure",
        "old_value text? Published value",
        "new_value text? Value now",
        "cause text reorg, repair, config, code, import, late data",
        "fetched_at time When (wall clock)",
    ),
    ("token", "chain_id", "table_name", "day", "column_name", "fetched_at"),
)

_IMPORTED = (
    "source text Who says so, as the file or --source names it",
    "file text Name of the file",
    "file_digest text SHA-256 of the file",
    "line int Line of the file",
    "imported_at time When it was imported (wall clock)",
    "superseded_at time? When a later file replaced it (wall clock); NULL while it stands",
    "superseded_by text? SHA-256 of that file",
)

IMPORTED_NAVS = Table(
    "imported_navs",
    "Prices that a file told, kept apart; those that stand are shown in navs as kind import.",
    _columns(
        "scope text token or product: what name is",
        "name text Id of the configuration",
        "effective_at time When the price holds from",
        "price amount Price of one token unit",
        "currency text Currency of the price",
        *_IMPORTED,
    ),
    ("scope", "name", "effective_at", "source", "file_digest"),
)

EXTERNAL_SUPPLY = Table(
    "external_supply",
    "Supply that a file told, kept apart: of chains that are not indexed, and of book entry.",
    _columns(
        "scope text token or product: what name is",
        "name text Id of the configuration",
        "chain text Chain as the file names it, or book-entry",
        "day day At the close of this UTC day",
        "supply amount In token units",
        *_IMPORTED,
    ),
    ("scope", "name", "chain", "day", "source", "file_digest"),
)

LABELS = Table(
    "labels",
    "Names of addresses that a file told, kept apart: for reading only, no figure depends on them.",
    _columns(
        "chain_id text CAIP-2 chain id",
        "address text Address",
        "label text Its name",
        *_IMPORTED,
    ),
    ("chain_id", "address", "source", "file_digest"),
)

CALENDAR = Table(
    "calendar",
    "Days of a named boundary; UTC unless another is asked for.",
    _columns(
        "boundary text Name of the boundary",
        "day day Day",
        "starts_at time First instant, UTC",
        "ends_at time First instant of the next day, UTC",
    ),
    ("boundary", "day"),
)

PLATFORMS = Table(
    "platforms",
    "Platforms of the configuration.",
    _columns("platform text Id", "name text Name", "source text? Source", "confidence text? Confidence"),
    ("platform",),
)
PRODUCTS = Table(
    "products",
    "What people ask for by one name: share classes and wrappers grouped.",
    _columns(
        "product text Id",
        "platform text Platform",
        "name text Name",
        "asset_class text Asset class",
        "currency text Currency of its price",
    ),
    ("product",),
)
TOKENS = Table(
    "tokens",
    "Tokens of the configuration.",
    _columns(
        "token text Id",
        "symbol text Symbol",
        "name text Name",
        "product text Product",
        "platform text Platform",
        "accrual text How it earns",
        "tier text core or long",
        "wraps text? Token it wraps",
        "source text? Source of the facts",
        "confidence text? Confidence in them",
    ),
    ("token",),
)
DEPLOYMENTS = Table(
    "deployments",
    "Where each token lives.",
    _columns(
        *_TOKEN,
        "chain text Chain of the configuration",
        "address text Contract",
        "decimals int? Decimals",
        "kind text native, burn_mint, lock_release_copy",
        "status text indexed, known",
        "start_block int? First block, where known as a block",
        "start_day day? First day, where known as a date",
        "source text? Source of the facts",
        "confidence text? Confidence in them",
    ),
    ("token", "chain_id", "address"),
)
CHAINS = Table(
    "chains",
    "Chains of the configuration.",
    _columns(
        "chain text Name",
        "chain_id text CAIP-2 chain id",
        "name text Display name",
        "family text evm",
        "finality text finalized, or a number of confirmations",
        "endpoints int Public endpoints configured",
    ),
    ("chain",),
)
ADDRESS_ROLES = Table(
    "address_roles",
    "What known addresses are for, dated.",
    _columns(
        *_TOKEN,
        "address text Address",
        "role text Role of the closed list",
        "from_time time? From when; NULL since ever",
        "to_time time? Until when; NULL for ever",
        "source text? Source",
        "confidence text? Confidence",
    ),
    ("token", "chain_id", "address", "role", "from_time"),
)

TERMS = Table(
    "terms",
    "Who may buy a platform's tokens, how, and at which cost, as a dated document says; what is missing is not known.",
    _columns(
        "platform text Platform",
        "region text? Where it is offered",
        "investors text? Who may hold it",
        "structure text? Legal form",
        "fees text? Fees",
        "redemption text? How it is redeemed",
        "as_of text? Date of the statement",
        "source text? Source",
        "confidence text? Confidence",
    ),
    ("platform",),
)

RAW = (LOGS, READS, TRANSACTIONS)
DERIVED = (
    TRANSFERS, BRIDGE_LEGS, REBASES, SUPPLY_CHANGES, UNDECODED, DISTRIBUTIONS, NAVS, REQUEST_EVENTS,
    COMPLIANCE_EVENTS, ENTITY_WALLETS,
)  # fmt: skip
METRICS = (
    BALANCES, BALANCE_DAYS, SUPPLY_DAILY, SUPPLY_ROLLFORWARD, HOLDERS_DAILY, FLOWS_DAILY, ACTIVITY_DAILY, REQUESTS,
    PRODUCT_DAILY, YIELDS_DAILY,
)  # fmt: skip
BOOK = (
    FILTERS, SEGMENTS, FILES, DERIVATIONS, CLAIMS, ENDPOINTS, HEADS, MOMENTS, PUBLICATIONS, CERTIFICATES, AUDITS,
    RESTATEMENTS, IMPORTED_NAVS, EXTERNAL_SUPPLY, LABELS,
)  # fmt: skip
DIMENSIONS = (PLATFORMS, PRODUCTS, TOKENS, DEPLOYMENTS, CHAINS, ADDRESS_ROLES, TERMS, CALENDAR)
TABLES: Mapping[str, Table] = {t.name: t for t in (*RAW, *DERIVED, *METRICS, *BOOK, *DIMENSIONS)}


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of *table*; NULL is declared only where the declaration allows it."""
    import pyarrow as pa  # noqa: PLC0415 - help and configuration do not pay for Arrow

    kinds = {
        "text": pa.string(),
        "int": pa.int64(),
        "bool": pa.bool_(),
        "time": pa.timestamp("us"),
        "day": pa.date32(),
        "bytes": pa.binary(),
        "bytes20": pa.binary(20),
        "bytes32": pa.binary(32),
        "units": pa.decimal128(DIGITS, 0),
        "amount": pa.decimal128(DIGITS, SCALE),
        "money": pa.decimal128(DIGITS, MONEY_SCALE),
        "ratio": pa.float64(),
    }
    return pa.schema([pa.field(c.name, kinds[c.kind], nullable=c.nullable) for c in table.columns])
