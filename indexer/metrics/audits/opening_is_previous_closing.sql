-- Days whose opening is not the closing of the day before, or that do not follow the day before.
SELECT
  chained.token AS token,
  chained.chain_id AS chain_id,
  CONCAT(
    'on ', CAST(chained.day AS VARCHAR), ' opening is ', COALESCE(CAST(chained.opening AS VARCHAR), 'unknown'),
    ', closing of ', CAST(chained.day_before AS VARCHAR), ' is ',
    COALESCE(CAST(chained.closing_before AS VARCHAR), 'unknown')
  ) AS detail
FROM (
  SELECT
    supply_rollforward.token,
    supply_rollforward.chain_id,
    supply_rollforward.day,
    supply_rollforward.opening,
    LAG(supply_rollforward.day) OVER days_in_order AS day_before,
    LAG(supply_rollforward.closing) OVER days_in_order AS closing_before
  FROM supply_rollforward
  WINDOW days_in_order AS (
    PARTITION BY supply_rollforward.token, supply_rollforward.chain_id, supply_rollforward.basis
    ORDER BY supply_rollforward.day
  )
) AS chained
WHERE chained.day_before IS NOT NULL
  AND (
    chained.opening IS DISTINCT FROM chained.closing_before
    OR chained.day_before + INTERVAL '1' DAY <> chained.day
  )
