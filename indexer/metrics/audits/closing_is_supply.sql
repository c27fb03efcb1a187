-- Days whose closing is not the supply of supply_daily, or that one of the two tables lacks.
SELECT
  COALESCE(supply_rollforward.token, supply_daily.token) AS token,
  COALESCE(supply_rollforward.chain_id, supply_daily.chain_id) AS chain_id,
  CONCAT(
    'on ', CAST(COALESCE(supply_rollforward.day, supply_daily.day) AS VARCHAR), ' closing is ',
    COALESCE(CAST(supply_rollforward.closing AS VARCHAR), 'unknown'), ', supply is ',
    COALESCE(CAST(supply_daily.supply AS VARCHAR), 'unknown')
  ) AS detail
FROM supply_rollforward
FULL OUTER JOIN supply_daily
  ON supply_daily.token = supply_rollforward.token
  AND supply_daily.chain_id = supply_rollforward.chain_id
  AND supply_daily.day = supply_rollforward.day
WHERE supply_rollforward.closing IS DISTINCT FROM supply_daily.supply
  OR supply_rollforward.day IS NULL
  OR supply_daily.day IS NULL
