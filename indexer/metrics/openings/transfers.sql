-- Entries from a cut on, and in place of those before it one mint a holder at the close before, so that everybody has
-- what he had; what he has behind an escrow is asked for there once more, by the escrow itself in his name. Where a
-- registry joins wallets, its blocks are held against the last entry's.
-- grain: entry
WITH claims AS (
  SELECT escrow_claims.token, escrow_claims.chain_id, escrow_claims.escrow, escrow_claims.holder, escrow_claims.units
  FROM escrow_claims
  WHERE escrow_claims.until_day IS NULL
),

blocks AS (
  SELECT transfers.token, transfers.chain_id, MAX(transfers.block_number) AS block_number
  FROM transfers
  INNER JOIN cuts ON cuts.token = transfers.token AND cuts.chain_id = transfers.chain_id
  INNER JOIN (SELECT DISTINCT entity_wallets.token, entity_wallets.chain_id FROM entity_wallets) AS joined
    ON joined.token = transfers.token AND joined.chain_id = transfers.chain_id
  WHERE transfers.block_time < cuts.starts_at
  GROUP BY transfers.token, transfers.chain_id
),

opened AS (
  SELECT
    holders.token,
    holders.chain_id,
    '0x0000000000000000000000000000000000000000' AS from_address,
    holders.holder AS to_address,
    holders.units AS units,
    'mint' AS effect,
    'unclassified' AS reason,
    CAST(NULL AS VARCHAR) AS party
  FROM holders
  WHERE holders.is_named
  UNION ALL
  SELECT
    claims.token,
    claims.chain_id,
    claims.escrow AS from_address,
    claims.escrow AS to_address,
    claims.units,
    'move' AS effect,
    'escrow_in' AS reason,
    claims.holder AS party
  FROM claims
)

SELECT
  opened.token AS token,
  opened.chain_id AS chain_id,
  '' AS contract,
  COALESCE(blocks.block_number, 0) AS block_number,
  cuts.closes_at AS block_time,
  '' AS tx_hash,
  0 AS tx_index,
  -1 AS log_index,
  ROW_NUMBER() OVER (
    PARTITION BY opened.token, opened.chain_id ORDER BY opened.effect, opened.from_address, opened.to_address, opened.party
  ) AS entry,
  opened.from_address AS from_address,
  opened.to_address AS to_address,
  CAST(0 AS DECIMAL(38, 0)) AS amount_raw,
  CAST(0 AS DECIMAL(38, 18)) AS amount,
  CAST(opened.units AS DECIMAL(38, 0)) AS units,
  opened.effect AS effect,
  opened.reason AS reason,
  'opening' AS rule,
  'default' AS evidence,
  opened.party AS party,
  CAST(NULL AS VARCHAR) AS link,
  CAST(NULL AS VARCHAR) AS other_chain,
  CAST(NULL AS VARCHAR) AS why_null
FROM opened
INNER JOIN cuts ON cuts.token = opened.token AND cuts.chain_id = opened.chain_id
LEFT JOIN blocks ON blocks.token = opened.token AND blocks.chain_id = opened.chain_id
UNION ALL
SELECT transfers.*
FROM transfers
INNER JOIN cuts ON cuts.token = transfers.token AND cuts.chain_id = transfers.chain_id
WHERE transfers.block_time >= cuts.starts_at
