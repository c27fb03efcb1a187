-- Entries before a cut from which claims behind escrows follow, with the columns that these are made of.
-- grain: entry
SELECT
  transfers.token AS token,
  transfers.chain_id AS chain_id,
  transfers.block_number AS block_number,
  transfers.block_time AS block_time,
  0 AS tx_index,
  transfers.log_index AS log_index,
  transfers.entry AS entry,
  transfers.from_address AS from_address,
  transfers.to_address AS to_address,
  CAST(NULL AS DECIMAL(38, 18)) AS amount,
  transfers.units AS units,
  transfers.effect AS effect,
  transfers.reason AS reason,
  '' AS evidence,
  transfers.party AS party,
  CAST(NULL AS VARCHAR) AS why_null
FROM transfers
INNER JOIN cuts ON cuts.token = transfers.token AND cuts.chain_id = transfers.chain_id
WHERE transfers.block_time < cuts.starts_at
  AND (
    transfers.reason IN ('escrow_in', 'escrow_out') OR (transfers.effect = 'burn' AND transfers.party IS NOT NULL)
  )
