-- Prices that were learnt from a cut on or are of dates since; of those before, of each source the ones of its last
-- date.
-- grain: observation of a price
WITH last_dates AS (
  SELECT navs.token, navs.chain_id, navs.contract, navs.kind, MAX(navs.effective_at) AS effective_at
  FROM navs
  INNER JOIN cuts ON cuts.token = navs.token AND cuts.chain_id = navs.chain_id
  WHERE GREATEST(navs.effective_at, navs.published_at) < cuts.starts_at
  GROUP BY navs.token, navs.chain_id, navs.contract, navs.kind
)

SELECT navs.*
FROM navs
INNER JOIN cuts ON cuts.token = navs.token AND cuts.chain_id = navs.chain_id
LEFT JOIN last_dates
  ON last_dates.token = navs.token
  AND last_dates.chain_id = navs.chain_id
  AND last_dates.contract = navs.contract
  AND last_dates.kind = navs.kind
WHERE GREATEST(navs.effective_at, navs.published_at) >= cuts.starts_at
  OR navs.effective_at >= last_dates.effective_at
