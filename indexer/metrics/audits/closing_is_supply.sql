-- Days whose closing is not the supply of supply_daily, or what circulates there, or that one of the two tables lacks.
WITH closings AS (
  SELECT supply_daily.token, supply_daily.chain_id, supply_daily.day, 'total' AS basis, supply_daily.supply AS closing
  FROM supply_daily
  UNION ALL
  SELECT
    supply_daily.token, supply_daily.chain_id, supply_daily.day, 'circulating' AS basis,
    supply_daily.circulating AS closing
  FROM supply_daily
)

SELECT
  COALESCE(supply_rollforward.token, closings.token) AS token,
  COALESCE(supply_rollforward.chain_id, closings.chain_id) AS chain_id,
  CONCAT(
    'on ', CAST(COALESCE(supply_rollforward.day, closings.day) AS VARCHAR), ' closing (',
    COALESCE(supply_rollforward.basis, closings.basis), ') is ',
    COALESCE(CAST(supply_rollforward.closing AS VARCHAR), 'unknown'), ', supply_daily has ',
    COALESCE(CAST(closings.closing AS VARCHAR), 'unknown')
  ) AS detail
FROM supply_rollforward
FULL OUTER JOIN closings
  ON closings.token = supply_rollforward.token
  AND closings.chain_id = supply_rollforward.chain_id
  AND closings.day = supply_rollforward.day
  AND closings.basis = supply_rollforward.basis
WHERE supply_rollforward.closing IS DISTINCT FROM closings.closing
  OR supply_rollforward.day IS NULL
  OR closings.day IS NULL
