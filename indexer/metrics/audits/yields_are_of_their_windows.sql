-- Days whose yield is not of a window of its length that ends at most 4 days before, or whose compound yield is not
-- that of the simple one.
WITH told AS (
  SELECT
    yields_daily.token,
    yields_daily.chain_id,
    yields_daily.day,
    7 AS days,
    yields_daily.yield_7d AS simple,
    yields_daily.yield_7d_compound AS compound,
    yields_daily.yield_7d_from AS from_day,
    yields_daily.yield_7d_to AS to_day
  FROM yields_daily
  UNION ALL
  SELECT
    yields_daily.token,
    yields_daily.chain_id,
    yields_daily.day,
    30 AS days,
    yields_daily.yield_30d AS simple,
    yields_daily.yield_30d_compound AS compound,
    yields_daily.yield_30d_from AS from_day,
    yields_daily.yield_30d_to AS to_day
  FROM yields_daily
)

SELECT
  told.token AS token,
  told.chain_id AS chain_id,
  CONCAT('the yield of ', CAST(told.days AS VARCHAR), ' days on ', CAST(told.day AS VARCHAR)) AS detail
FROM told
WHERE told.simple IS NOT NULL
  AND (
    told.from_day IS NULL
    OR told.to_day IS NULL
    OR told.to_day - told.from_day <> told.days
    OR told.to_day > told.day
    OR told.day - told.to_day > 4
    OR (
      ABS(told.simple) < 10
      AND 1 + told.simple * told.days / 365 > 0
      AND ABS(told.compound - (POWER(1 + told.simple * told.days / 365, CAST(365 AS DOUBLE) / told.days) - 1))
        > 1e-9 * (1 + ABS(told.compound))
    )
  )
