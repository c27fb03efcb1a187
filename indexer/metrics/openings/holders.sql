-- What every address that was named before a cut had at the close before it: what it holds now, without the entries
-- since. Of who was active since, last_active is looked up among the entries before, or the claims of whom none names.
-- is_named: an entry names the address, and not only a claim.
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
  SELECT known.token, known.chain_id, known.holder, FALSE AS is_routed FROM known WHERE known.is_late
  UNION
  SELECT routed.token, routed.chain_id, routed.holder, TRUE AS is_routed FROM routed
),

entered AS (
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
),

earlier AS (
  SELECT entered.token, entered.chain_id, entered.holder, MAX(entered.happened_at) AS last_active
  FROM entered
  INNER JOIN cuts ON cuts.token = entered.token AND cuts.chain_id = entered.chain_id
  WHERE entered.happened_at < cuts.starts_at
  GROUP BY entered.token, entered.chain_id, entered.holder
),

claimed AS (
  SELECT escrow_claims.token, escrow_claims.chain_id, escrow_claims.holder, MAX(escrow_claims.changed_at) AS last_active
  FROM escrow_claims
  GROUP BY escrow_claims.token, escrow_claims.chain_id, escrow_claims.holder
)

SELECT
  known.token AS token,
  known.chain_id AS chain_id,
  known.holder AS holder,
  known.units AS units,
  known.first_seen AS first_seen,
  CASE
    WHEN known.is_late OR routed.holder IS NOT NULL THEN COALESCE(earlier.last_active, claimed.last_active)
    ELSE known.last_active
  END AS last_active,
  routed.holder IS NULL OR earlier.holder IS NOT NULL AS is_named
FROM known
LEFT JOIN routed
  ON routed.token = known.token AND routed.chain_id = known.chain_id AND routed.holder = known.holder
LEFT JOIN earlier
  ON earlier.token = known.token AND earlier.chain_id = known.chain_id AND earlier.holder = known.holder
LEFT JOIN claimed
  ON claimed.token = known.token AND claimed.chain_id = known.chain_id AND claimed.holder = known.holder
