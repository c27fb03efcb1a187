-- Yields by day, of the days asked, the newest ones; with $until only the last day that was over by then.
-- grain: token, chain, day
WITH ranked AS (
  SELECT
    yields_daily.*,
    DENSE_RANK() OVER (ORDER BY yields_daily.day DESC) AS age
  FROM yields_daily
  WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), yields_daily.token)
    AND ($chain_ids IS NULL OR LIST_CONTAINS(CAST($chain_ids AS VARCHAR[]), yields_daily.chain_id))
    AND ($first IS NULL OR yields_daily.day >= CAST($first AS DATE))
    AND ($last IS NULL OR yields_daily.day <= CAST($last AS DATE))
    AND (
      $until IS NULL
      OR CAST(yields_daily.day AS TIMESTAMP) + INTERVAL '1' DAY <= CAST($until AS TIMESTAMP) + INTERVAL '1' SECOND
    )
)

SELECT
  ranked.token AS token,
  ranked.chain_id AS chain_id,
  ranked.day AS day,
  CAST(ranked.day AS VARCHAR) AS as_of,
  ranked.yield_7d AS yield_7d,
  ranked.yield_7d_compound AS yield_7d_compound,
  ranked.yield_7d_from AS yield_7d_from,
  ranked.yield_7d_to AS yield_7d_to,
  ranked.yield_30d AS yield_30d,
  ranked.yield_30d_compound AS yield_30d_compound,
  ranked.yield_30d_from AS yield_30d_from,
  ranked.yield_30d_to AS yield_30d_to,
  ranked.yield_period AS yield_period,
  ranked.yield_period_from AS yield_period_from,
  ranked.yield_period_to AS yield_period_to,
  ranked.index_value AS index_value,
  ranked.observed_on AS observed_on,
  ranked.method AS method,
  ranked.source AS source,
  ranked.coverage AS coverage,
  ranked.why_null AS why_null
FROM ranked
WHERE ranked.age <= $most
ORDER BY ranked.token, ranked.chain_id, ranked.day
