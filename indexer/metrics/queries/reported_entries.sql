-- Entries of the days asked for with one of the reasons asked for, or of an amount that was asked for, signed as
-- reports are: a distribution that was burned counts against those that were minted.
-- grain: entry · kind: flow · unit: token units · day: UTC day of the block
SELECT
  transfers.chain_id AS chain_id,
  CAST(transfers.block_time AS DATE) AS day,
  transfers.reason AS reason,
  transfers.evidence AS evidence,
  CASE
    WHEN transfers.reason = 'distribution' AND transfers.effect = 'burn' THEN -transfers.amount
    ELSE transfers.amount
  END AS amount,
  transfers.tx_hash AS tx_hash,
  transfers.why_null AS why_null
FROM transfers
WHERE transfers.token = $token
  AND transfers.block_time >= CAST($since AS TIMESTAMP)
  AND transfers.block_time < CAST($before AS TIMESTAMP)
  AND (
    LIST_CONTAINS(CAST($reasons AS VARCHAR[]), transfers.reason)
    OR (transfers.reason <> 'transfer' AND LIST_CONTAINS(CAST($amounts AS DECIMAL(38, 18)[]), transfers.amount))
  )
ORDER BY transfers.block_time, transfers.chain_id, transfers.log_index, transfers.entry
