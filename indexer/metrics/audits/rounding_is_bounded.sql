-- Changes of supply whose rounding passes the bound that the accrual proves, and days whose rounding passes the sum of
-- the day's bounds. A bound beyond 10^30 base units counts as 10^30, so that a day's sum keeps its 38 digits.
WITH bounds AS (
  SELECT
    supply_changes.token,
    supply_changes.chain_id,
    calendar.day,
    SUM(LEAST(supply_changes.rounding_bound, CAST('1000000000000000000000000000000' AS DECIMAL(38, 0)))) AS bound
  FROM supply_changes
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND supply_changes.effective_at >= calendar.starts_at
    AND supply_changes.effective_at < calendar.ends_at
  WHERE supply_changes.rounding_bound > 0
  GROUP BY supply_changes.token, supply_changes.chain_id, calendar.day
)

SELECT
  supply_changes.token AS token,
  supply_changes.chain_id AS chain_id,
  CONCAT(
    'the change of supply of ', CAST(supply_changes.effective_at AS VARCHAR), ' leaves a rounding of ',
    CAST(supply_changes.rounding AS VARCHAR), ' base units, beyond its bound ',
    COALESCE(CAST(supply_changes.rounding_bound AS VARCHAR), 'which is not known')
  ) AS detail
FROM supply_changes
WHERE supply_changes.rounding <> 0 AND ABS(supply_changes.rounding) > COALESCE(supply_changes.rounding_bound, 0)
UNION ALL
SELECT
  supply_rollforward.token AS token,
  supply_rollforward.chain_id AS chain_id,
  CONCAT(
    'on ', CAST(supply_rollforward.day AS VARCHAR), ' rounding is ', CAST(supply_rollforward.rounding AS VARCHAR),
    ', beyond the bounds of the day''s changes, together ', CAST(COALESCE(bounds.bound, 0) AS VARCHAR), ' base units'
  ) AS detail
FROM supply_rollforward
LEFT JOIN bounds
  ON bounds.token = supply_rollforward.token
  AND bounds.chain_id = supply_rollforward.chain_id
  AND bounds.day = supply_rollforward.day
INNER JOIN deployments
  ON deployments.token = supply_rollforward.token AND deployments.chain_id = supply_rollforward.chain_id
WHERE supply_rollforward.rounding <> 0
  AND supply_rollforward.basis = 'total'
  AND ABS(CAST(supply_rollforward.rounding AS DOUBLE)) * POWER(10, deployments.decimals)
  > CAST(COALESCE(bounds.bound, 0) AS DOUBLE) + 0.5
