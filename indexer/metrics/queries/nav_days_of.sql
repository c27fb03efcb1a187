-- The NAV in force at the close of each day asked, how old it is there, and where it comes from.
-- grain: token, chain, day
WITH told AS (
  SELECT
    navs.token,
    navs.chain_id,
    navs.effective_at,
    navs.price,
    navs.currency,
    navs.kind,
    navs.source,
    navs.published_at,
    ROW_NUMBER() OVER (
      PARTITION BY navs.token, navs.chain_id, navs.effective_at, navs.price ORDER BY navs.published_at DESC, navs.kind
    ) AS place
  FROM navs
)

SELECT
  supply_daily.token AS token,
  supply_daily.chain_id AS chain_id,
  supply_daily.day AS day,
  CAST(supply_daily.day AS VARCHAR) AS as_of,
  supply_daily.nav AS nav,
  told.currency AS currency,
  supply_daily.nav_effective_at AS nav_effective_at,
  DATE_DIFF('hour', supply_daily.nav_effective_at, CAST(supply_daily.day AS TIMESTAMP) + INTERVAL '1' DAY) AS age_hours,
  supply_daily.nav_stale AS nav_stale,
  told.kind AS kind,
  told.source AS source,
  supply_daily.value AS value,
  supply_daily.value_usd AS value_usd,
  CASE
    WHEN supply_daily.nav IS NULL OR supply_daily.value IS NULL OR supply_daily.value_usd IS NULL
      THEN supply_daily.why_null
  END AS why_null
FROM supply_daily
LEFT JOIN told
  ON told.token = supply_daily.token
  AND told.chain_id = supply_daily.chain_id
  AND told.effective_at = supply_daily.nav_effective_at
  AND told.price = supply_daily.nav
  AND told.place = 1
WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), supply_daily.token)
  AND ($chain_ids IS NULL OR LIST_CONTAINS(CAST($chain_ids AS VARCHAR[]), supply_daily.chain_id))
  AND ($first IS NULL OR supply_daily.day >= CAST($first AS DATE))
  AND ($last IS NULL OR supply_daily.day <= CAST($last AS DATE))
QUALIFY DENSE_RANK() OVER (ORDER BY supply_daily.day DESC) <= $most
ORDER BY supply_daily.token, supply_daily.chain_id, supply_daily.day
