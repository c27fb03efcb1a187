-- The price in force at the cut, as steps/nav_days.sql chooses it: of each source its latest, then a known one, then
-- the preferred kind, then the later date.
-- grain: one row
WITH latest AS (
  SELECT
    navs.price,
    navs.currency,
    navs.effective_at,
    navs.published_at,
    navs.stale_at,
    navs.kind,
    navs.contract,
    navs.source,
    navs.why_null,
    LIST_POSITION(
      ['official', 'exit', 'extrapolated', 'transaction', 'market', 'import', 'par'], navs.kind
    ) AS preference,
    ROW_NUMBER() OVER (
      PARTITION BY navs.contract, navs.kind
      ORDER BY
        navs.effective_at DESC,
        navs.published_at DESC,
        navs.block_number DESC NULLS LAST,
        navs.log_index DESC NULLS LAST
    ) AS age
  FROM navs
  WHERE navs.token = $token
    AND navs.chain_id = $chain_id
    AND CASE
      WHEN navs.kind = 'import' THEN navs.effective_at <= $until
      WHEN $block IS NULL OR navs.block_number IS NULL THEN GREATEST(navs.effective_at, navs.published_at) <= $until
      ELSE navs.block_number <= $block
    END
)

SELECT
  latest.price AS nav,
  latest.currency AS currency,
  latest.effective_at AS nav_effective_at,
  DATE_DIFF('hour', latest.effective_at, CAST($until AS TIMESTAMP)) AS age_hours,
  COALESCE(latest.stale_at <= $until, FALSE) AS nav_stale,
  latest.kind AS kind,
  latest.source AS source,
  latest.why_null AS why_null
FROM latest
WHERE latest.age = 1
ORDER BY latest.price IS NULL, latest.preference, latest.effective_at DESC, latest.published_at DESC, latest.contract
LIMIT 1
