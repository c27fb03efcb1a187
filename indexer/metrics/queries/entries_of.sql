-- Entries of the ledger of the tokens, in a block or on days; the newest ones, in chain order.
-- grain: entry
WITH newest AS (
  SELECT transfers.*
  FROM transfers
  WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), transfers.token)
    AND ($chain_ids IS NULL OR LIST_CONTAINS(CAST($chain_ids AS VARCHAR[]), transfers.chain_id))
    AND ($block IS NULL OR transfers.block_number = $block)
    AND ($since IS NULL OR transfers.block_time >= CAST($since AS TIMESTAMP))
    AND ($before IS NULL OR transfers.block_time < CAST($before AS TIMESTAMP))
  ORDER BY
    transfers.block_time DESC,
    transfers.block_number DESC,
    transfers.log_index DESC,
    transfers.entry DESC
  LIMIT $most
)

SELECT
  newest.token AS token,
  newest.chain_id AS chain_id,
  newest.block_number AS block_number,
  newest.block_time AS block_time,
  newest.tx_hash AS tx_hash,
  newest.log_index AS log_index,
  newest.entry AS entry,
  newest.from_address AS from_address,
  newest.to_address AS to_address,
  newest.amount AS amount,
  newest.units AS units,
  newest.effect AS effect,
  newest.reason AS reason,
  newest.rule AS rule,
  newest.evidence AS evidence,
  newest.party AS party,
  newest.link AS link,
  newest.other_chain AS other_chain,
  newest.why_null AS why_null
FROM newest
ORDER BY newest.block_time, newest.token, newest.chain_id, newest.block_number, newest.log_index, newest.entry
