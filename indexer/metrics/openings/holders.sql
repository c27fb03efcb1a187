-- What every address that was named before a cut had at the close before it: what it holds now, without the entries
-- since. Of who was active since, last_active is looked up among the entries before.
-- grain: token, chain, holder
WITH since AS (
  SELECT legs.token, legs.chain_id, legs.holder, SUM(legs.units) AS units
  FROM (
    SELECT held_transfers.token, held_transfers.chain_id, held_transfers.to_address AS holder, held_transfers.units
    FROM held_transfers
    INNER JOIN cuts ON cuts.token = held_transfers.token AND cuts.chain_id = held_transfers.chain_id
    WHERE held_transfers.block_time >= cuts.starts_at AND held_transfers.effect IN ('mint', 'move')
    UNION ALL
    SELECT held_transfers.token, held_transfers.chain_id, held_transfers.from_address AS holder, -held_transfers.units
    FROM held_transfers
    INNER JOIN cuts ON cuts.token = held_transfers.token AND cuts.chain_id = held_transfers.chain_id
    WHERE held_transfers.block_time >= cuts.starts_at AND held_transfers.effect IN ('burn', 'move')
  ) AS legs
  GROUP BY legs.token, legs.chain_id, legs.holder
),

known AS (
  SELECT
    held_balances.token,
    held_balances.chain_id,
    held_balances.holder,
    held_balances.units - COALESCE(since.units, 0) AS units,
    held_balances.first_seen,
    held_balances.last_active,
    held_balances.last_active >= cuts.starts_at AS is_late
  FROM held_balances
  INNER JOIN cuts ON cuts.token = held_balances.token AND cuts.chain_id = held_balances.chain_id
  LEFT JOIN since
    ON since.token = held_balances.token
    AND since.chain_id = held_balances.chain_id
    AND since.holder = held_balances.holder
  WHERE held_balances.first_seen < cuts.starts_at
),

late AS (
  SELECT known.token, known.chain_id, known.holder FROM known WHERE known.is_late
),

earlier AS (
  SELECT seen.token, seen.chain_id, seen.holder, MAX(seen.happened_at) AS last_active
  FROM (
    SELECT late.token, late.chain_id, late.holder, transfers.block_time AS happened_at
    FROM late
    INNER JOIN transfers
      ON transfers.token = late.token AND transfers.chain_id = late.chain_id AND transfers.to_address = late.holder
    WHERE transfers.effect IN ('mint', 'move')
    UNION ALL
    SELECT late.token, late.chain_id, late.holder, transfers.block_time AS happened_at
    FROM late
    INNER JOIN transfers
      ON transfers.token = late.token AND transfers.chain_id = late.chain_id AND transfers.from_address = late.holder
    WHERE transfers.effect IN ('burn', 'move')
    UNION ALL
    SELECT late.token, late.chain_id, late.holder, escrow_claims.changed_at AS happened_at
    FROM late
    INNER JOIN escrow_claims
      ON escrow_claims.token = late.token
      AND escrow_claims.chain_id = late.chain_id
      AND escrow_claims.holder = late.holder
  ) AS seen
  INNER JOIN cuts ON cuts.token = seen.token AND cuts.chain_id = seen.chain_id
  WHERE seen.happened_at < cuts.starts_at
  GROUP BY seen.token, seen.chain_id, seen.holder
)

SELECT
  known.token AS token,
  known.chain_id AS chain_id,
  known.holder AS holder,
  known.units AS units,
  known.first_seen AS first_seen,
  COALESCE(earlier.last_active, known.last_active) AS last_active
FROM known
LEFT JOIN earlier
  ON earlier.token = known.token AND earlier.chain_id = known.chain_id AND earlier.holder = known.holder
