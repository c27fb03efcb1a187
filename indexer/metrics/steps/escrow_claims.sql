-- What each requester has behind an escrow after each day on which that changed, in units. An entry escrow_in puts in
-- what its party, else its debited address, asked for; an entry escrow_out gives back to its party, else to its
-- credited address; a burn out of the escrow settles its party's request. A claim never falls below nothing: what is
-- paid out beyond it comes from the escrow's own part, as does what leaves without a party to name. A redeem wallet is
-- no escrow, since its sender already has a claim on cash.
-- grain: token, chain, escrow, holder, day with a change · kind: step, not stored
WITH asked AS (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.block_number,
    entries.block_time,
    entries.log_index,
    entries.entry,
    entries.to_address AS escrow,
    COALESCE(entries.party, entries.from_address) AS holder,
    entries.units
  FROM entries
  WHERE entries.reason = 'escrow_in'
    AND entries.effect = 'move'
    AND NOT EXISTS (
      SELECT 1 AS is_redeem_wallet
      FROM address_roles
      WHERE address_roles.token = entries.token
        AND address_roles.chain_id = entries.chain_id
        AND address_roles.address = entries.to_address
        AND address_roles.role = 'redeem_wallet'
        AND (address_roles.from_time IS NULL OR address_roles.from_time <= entries.block_time)
        AND (address_roles.to_time IS NULL OR address_roles.to_time > entries.block_time)
    )
),

escrows AS (
  SELECT DISTINCT asked.token, asked.chain_id, asked.escrow FROM asked
),

steps AS (
  SELECT
    asked.token,
    asked.chain_id,
    asked.day,
    asked.block_number,
    asked.block_time,
    asked.log_index,
    asked.entry,
    asked.escrow,
    asked.holder,
    COALESCE(asked.units, 0) AS units
  FROM asked
  UNION ALL
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.block_number,
    entries.block_time,
    entries.log_index,
    entries.entry,
    escrows.escrow,
    COALESCE(entries.party, entries.to_address) AS holder,
    -COALESCE(entries.units, 0) AS units
  FROM entries
  INNER JOIN escrows
    ON escrows.token = entries.token
    AND escrows.chain_id = entries.chain_id
    AND escrows.escrow = entries.from_address
  WHERE (entries.effect = 'move' AND entries.reason = 'escrow_out')
    OR (entries.effect = 'burn' AND entries.party IS NOT NULL)
),

summed AS (
  SELECT
    steps.token,
    steps.chain_id,
    steps.day,
    steps.block_number,
    steps.block_time,
    steps.log_index,
    steps.entry,
    steps.escrow,
    steps.holder,
    SUM(steps.units) OVER (
      PARTITION BY steps.token, steps.chain_id, steps.escrow, steps.holder
      ORDER BY steps.block_number, steps.log_index, steps.entry
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS units
  FROM steps
  LEFT JOIN escrows
    ON escrows.token = steps.token AND escrows.chain_id = steps.chain_id AND escrows.escrow = steps.holder
  WHERE escrows.escrow IS NULL AND steps.holder <> '0x0000000000000000000000000000000000000000'
),

floored AS (
  SELECT
    summed.token,
    summed.chain_id,
    summed.day,
    summed.block_time,
    summed.escrow,
    summed.holder,
    summed.units - LEAST(
      MIN(summed.units) OVER (
        PARTITION BY summed.token, summed.chain_id, summed.escrow, summed.holder
        ORDER BY summed.block_number, summed.log_index, summed.entry
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ), 0
    ) AS units,
    ROW_NUMBER() OVER (
      PARTITION BY summed.token, summed.chain_id, summed.escrow, summed.holder, summed.day
      ORDER BY summed.block_number DESC, summed.log_index DESC, summed.entry DESC
    ) AS age
  FROM summed
)

SELECT
  floored.token AS token,
  floored.chain_id AS chain_id,
  floored.escrow AS escrow,
  floored.holder AS holder,
  floored.day AS day,
  LEAD(floored.day) OVER (
    PARTITION BY floored.token, floored.chain_id, floored.escrow, floored.holder ORDER BY floored.day
  ) AS until_day,
  floored.block_time AS changed_at,
  floored.units AS units,
  floored.units - COALESCE(
    LAG(floored.units) OVER (
      PARTITION BY floored.token, floored.chain_id, floored.escrow, floored.holder ORDER BY floored.day
    ), 0
  ) AS change
FROM floored
WHERE floored.age = 1
