-- What each requester has behind an escrow at the cut, in units. See steps/escrow_claims.sql.
-- grain: escrow, holder
WITH kept AS (
  SELECT
    transfers.block_number,
    transfers.log_index,
    transfers.entry,
    transfers.block_time,
    transfers.from_address,
    transfers.to_address,
    transfers.party,
    transfers.effect,
    transfers.reason,
    transfers.units
  FROM transfers
  WHERE transfers.token = $token
    AND transfers.chain_id = $chain_id
    AND CASE WHEN $block IS NULL THEN transfers.block_time <= $until ELSE transfers.block_number <= $block END
),

asked AS (
  SELECT
    kept.block_number,
    kept.log_index,
    kept.entry,
    kept.to_address AS escrow,
    COALESCE(kept.party, kept.from_address) AS holder,
    kept.units
  FROM kept
  WHERE kept.reason = 'escrow_in'
    AND kept.effect = 'move'
    AND NOT EXISTS (
      SELECT 1 AS is_redeem_wallet
      FROM address_roles
      WHERE address_roles.token = $token
        AND address_roles.chain_id = $chain_id
        AND address_roles.address = kept.to_address
        AND address_roles.role = 'redeem_wallet'
        AND (address_roles.from_time IS NULL OR address_roles.from_time <= kept.block_time)
        AND (address_roles.to_time IS NULL OR address_roles.to_time > kept.block_time)
    )
),

escrows AS (
  SELECT DISTINCT asked.escrow FROM asked
),

steps AS (
  SELECT asked.block_number, asked.log_index, asked.entry, asked.escrow, asked.holder, asked.units FROM asked
  UNION ALL
  SELECT
    kept.block_number,
    kept.log_index,
    kept.entry,
    escrows.escrow,
    COALESCE(kept.party, kept.to_address) AS holder,
    -kept.units AS units
  FROM kept
  INNER JOIN escrows ON escrows.escrow = kept.from_address
  WHERE (kept.effect = 'move' AND kept.reason = 'escrow_out')
    OR (kept.effect = 'burn' AND kept.party IS NOT NULL)
),

summed AS (
  SELECT
    steps.escrow,
    steps.holder,
    SUM(steps.units) OVER in_order AS units,
    ROW_NUMBER() OVER in_order AS place,
    COUNT(*) OVER (PARTITION BY steps.escrow, steps.holder) AS places
  FROM steps
  LEFT JOIN escrows ON escrows.escrow = steps.holder
  WHERE escrows.escrow IS NULL AND steps.holder <> '0x0000000000000000000000000000000000000000'
  WINDOW in_order AS (
    PARTITION BY steps.escrow, steps.holder
    ORDER BY steps.block_number, steps.log_index, steps.entry
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)

SELECT
  summed.escrow AS escrow,
  summed.holder AS holder,
  SUM(CASE WHEN summed.place = summed.places THEN summed.units END) - LEAST(MIN(summed.units), 0) AS units
FROM summed
GROUP BY summed.escrow, summed.holder
ORDER BY summed.escrow, summed.holder
