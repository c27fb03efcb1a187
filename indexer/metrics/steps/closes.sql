-- The last supply point at the close of every day: it stands until the next one. Before the first, supply is zero.
-- why_null tells why the supply is NULL, holdings_why_null why what addresses hold is: what stays before what passes.
-- grain: token, chain, day · kind: step, not stored
WITH last_of_day AS (
  SELECT supply_points.token, supply_points.chain_id, calendar.day, MAX(supply_points.point) AS point
  FROM supply_points
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND supply_points.effective_at >= calendar.starts_at
    AND supply_points.effective_at < calendar.ends_at
  GROUP BY supply_points.token, supply_points.chain_id, calendar.day
),

carried AS (
  SELECT
    days.token,
    days.chain_id,
    days.day,
    days.ends_at,
    days.coverage,
    days.published_at,
    days.why_null,
    MAX(last_of_day.point) OVER (
      PARTITION BY days.token, days.chain_id
      ORDER BY days.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS point
  FROM days
  LEFT JOIN last_of_day
    ON last_of_day.token = days.token
    AND last_of_day.chain_id = days.chain_id
    AND last_of_day.day = days.day
)

SELECT
  carried.token AS token,
  carried.chain_id AS chain_id,
  carried.day AS day,
  carried.ends_at AS ends_at,
  carried.coverage AS coverage,
  carried.published_at AS published_at,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(0 AS DECIMAL(38, 0))
    ELSE supply_points.units
  END AS units,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(0 AS DECIMAL(38, 0))
    ELSE supply_points.supply_raw
  END AS supply_raw,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(0 AS DECIMAL(38, 18))
    ELSE supply_points.supply
  END AS supply,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(1 AS DECIMAL(38, 0))
    ELSE supply_points.numerator
  END AS numerator,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(1 AS DECIMAL(38, 0))
    ELSE supply_points.denominator
  END AS denominator,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(0 AS DECIMAL(38, 0))
    ELSE supply_points.addend
  END AS addend,
  CASE
    WHEN carried.why_null IS NOT NULL THEN NULL
    WHEN carried.point IS NULL THEN CAST(1 AS DECIMAL(38, 18))
    ELSE supply_points.multiplier
  END AS multiplier,
  CASE WHEN carried.point IS NULL THEN CAST(1 AS DECIMAL(38, 0)) ELSE supply_points.min_units END AS min_units,
  COALESCE(supply_points.why_null, carried.why_null) AS why_null,
  COALESCE(
    CASE WHEN supply_points.units IS NULL THEN supply_points.why_null END,
    CASE WHEN carried.day >= unit_gaps.day THEN unit_gaps.why_null END,
    carried.why_null
  ) AS holdings_why_null
FROM carried
LEFT JOIN supply_points
  ON supply_points.token = carried.token
  AND supply_points.chain_id = carried.chain_id
  AND supply_points.point = carried.point
LEFT JOIN unit_gaps ON unit_gaps.token = carried.token AND unit_gaps.chain_id = carried.chain_id
