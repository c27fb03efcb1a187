-- The NAV in force at the close of every day: that of the last step (steps/nav_steps.sql) before it, so what the chain
-- knew then.
-- grain: token, chain, day · kind: step, not stored
WITH starts AS (
  SELECT days.token, days.chain_id, MIN(days.starts_at) AS starts_at
  FROM days
  GROUP BY days.token, days.chain_id
),

-- What was known before the first day counts as learnt on it.
learnt AS (
  SELECT nav_steps.token, nav_steps.chain_id, calendar.day, MAX(nav_steps.step) AS step
  FROM nav_steps
  INNER JOIN starts ON starts.token = nav_steps.token AND starts.chain_id = nav_steps.chain_id
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND GREATEST(nav_steps.starts_at, starts.starts_at) >= calendar.starts_at
    AND GREATEST(nav_steps.starts_at, starts.starts_at) < calendar.ends_at
  GROUP BY nav_steps.token, nav_steps.chain_id, calendar.day
),

carried AS (
  SELECT
    days.token,
    days.chain_id,
    days.day,
    days.ends_at,
    days.coverage,
    days.why_null,
    MAX(learnt.step) OVER (
      PARTITION BY days.token, days.chain_id
      ORDER BY days.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS step
  FROM days
  LEFT JOIN learnt ON learnt.token = days.token AND learnt.chain_id = days.chain_id AND learnt.day = days.day
),

configured AS (
  SELECT DISTINCT nav_steps.token, nav_steps.chain_id FROM nav_steps
)

SELECT
  carried.token AS token,
  carried.chain_id AS chain_id,
  carried.day AS day,
  CASE WHEN carried.coverage = 'full' THEN nav_steps.price END AS nav,
  CASE WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL THEN nav_steps.effective_at END
    AS nav_effective_at,
  CASE
    WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL
      THEN COALESCE(nav_steps.stale_at < carried.ends_at, FALSE)
  END AS nav_stale,
  CASE WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL THEN nav_steps.currency END AS currency,
  CASE WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL THEN nav_steps.contract END AS nav_contract,
  CASE WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL THEN nav_steps.preference END AS nav_preference,
  CASE WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL THEN nav_steps.kind END AS nav_kind,
  CASE WHEN carried.coverage = 'full' AND nav_steps.price IS NOT NULL THEN nav_steps.source END AS nav_source,
  COALESCE(
    CASE WHEN carried.coverage <> 'full' THEN COALESCE(carried.why_null, 'the day is not wholly covered') END,
    CASE WHEN configured.token IS NULL THEN 'no price source is configured' END,
    CASE WHEN nav_steps.token IS NULL THEN 'no price was known yet' END,
    nav_steps.why_null
  ) AS why_null
FROM carried
LEFT JOIN nav_steps
  ON nav_steps.token = carried.token AND nav_steps.chain_id = carried.chain_id AND nav_steps.step = carried.step
LEFT JOIN configured ON configured.token = carried.token AND configured.chain_id = carried.chain_id
