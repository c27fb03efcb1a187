-- Between which times a block lies, and how many steps of supply by time alone lie between them. Headers are not kept:
-- the nearest blocks with an entry, a change of supply, a certificate or a segment's end bound the time, and so do the
-- blocks around an instant that was found as a block: the one before it lies before the instant.
-- grain: one row
WITH known AS (
  SELECT transfers.block_number, transfers.block_time
  FROM transfers
  WHERE transfers.token = $token AND transfers.chain_id = $chain_id
  UNION ALL
  SELECT supply_changes.block_number, supply_changes.effective_at AS block_time
  FROM supply_changes
  WHERE supply_changes.token = $token
    AND supply_changes.chain_id = $chain_id
    AND supply_changes.block_number IS NOT NULL
  UNION ALL
  SELECT certificates.block_number, certificates.block_time
  FROM certificates
  WHERE certificates.chain_id = $chain_id
  UNION ALL
  SELECT segments.last AS block_number, segments.last_time AS block_time
  FROM segments
  WHERE segments.chain_id = $chain_id
  UNION ALL
  SELECT moments.block_number, moments.block_time
  FROM moments
  WHERE moments.chain_id = $chain_id
  UNION ALL
  SELECT moments.block_number - 1 AS block_number, MIN(moments.instant) - INTERVAL '1' SECOND AS block_time
  FROM moments
  WHERE moments.chain_id = $chain_id
  GROUP BY moments.block_number
  UNION ALL
  SELECT derivations.frontier_block AS block_number, derivations.frontier_time AS block_time
  FROM derivations
  WHERE derivations.chain_id = $chain_id
),

bounds AS (
  SELECT
    COALESCE(MAX(CASE WHEN known.block_number <= $block THEN known.block_time END), TIMESTAMP '1970-01-01') AS low,
    COALESCE(MIN(CASE WHEN known.block_number >= $block THEN known.block_time END), TIMESTAMP '9999-12-31') AS high
  FROM known
)

SELECT
  bounds.low AS low,
  (
    SELECT COUNT(*)
    FROM supply_changes
    WHERE supply_changes.token = $token
      AND supply_changes.chain_id = $chain_id
      AND supply_changes.block_number IS NULL
      AND supply_changes.effective_at > bounds.low
      AND supply_changes.effective_at <= bounds.high
  ) AS steps
FROM bounds
