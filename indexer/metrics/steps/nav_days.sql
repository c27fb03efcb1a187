-- The NAV in force at the close of every day: what the chain knew then. Of each source its latest observation stands
-- until the next; among sources a known price goes before a gap, then the preferred kind, then the later date.
-- grain: token, chain, day · kind: step, not stored
WITH starts AS (
  SELECT days.token, days.chain_id, MIN(days.starts_at) AS starts_at
  FROM days
  GROUP BY days.token, days.chain_id
),

-- What was known before the first day counts as learnt on it.
learnt AS (
  SELECT
    nav_observations.token,
    nav_observations.chain_id,
    nav_observations.contract,
    nav_observations.preference,
    calendar.day,
    MAX(nav_observations.place) AS place
  FROM nav_observations
  INNER JOIN starts ON starts.token = nav_observations.token AND starts.chain_id = nav_observations.chain_id
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND GREATEST(nav_observations.known_at, starts.starts_at) >= calendar.starts_at
    AND GREATEST(nav_observations.known_at, starts.starts_at) < calendar.ends_at
  GROUP BY
    nav_observations.token,
    nav_observations.chain_id,
    nav_observations.contract,
    nav_observations.preference,
    calendar.day
),

sources AS (
  SELECT DISTINCT
    nav_observations.token, nav_observations.chain_id, nav_observations.contract, nav_observations.preference
  FROM nav_observations
),

carried AS (
  SELECT
    days.token,
    days.chain_id,
    days.day,
    sources.contract,
    sources.preference,
    MAX(learnt.place) OVER (
      PARTITION BY days.token, days.chain_id, sources.contract, sources.preference
      ORDER BY days.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS place
  FROM days
  INNER JOIN sources ON sources.token = days.token AND sources.chain_id = days.chain_id
  LEFT JOIN learnt
    ON learnt.token = days.token
    AND learnt.chain_id = days.chain_id
    AND learnt.contract = sources.contract
    AND learnt.preference = sources.preference
    AND learnt.day = days.day
),

chosen AS (
  SELECT
    carried.token,
    carried.chain_id,
    carried.day,
    carried.contract,
    carried.preference,
    nav_observations.price,
    nav_observations.currency,
    nav_observations.effective_at,
    nav_observations.stale_at,
    nav_observations.source,
    nav_observations.kind,
    nav_observations.why_null,
    ROW_NUMBER() OVER (
      PARTITION BY carried.token, carried.chain_id, carried.day
      ORDER BY
        CASE WHEN nav_observations.price IS NULL THEN 1 ELSE 0 END,
        carried.preference,
        nav_observations.effective_at DESC,
        nav_observations.published_at DESC,
        carried.contract
    ) AS choice
  FROM carried
  INNER JOIN nav_observations
    ON nav_observations.token = carried.token
    AND nav_observations.chain_id = carried.chain_id
    AND nav_observations.contract = carried.contract
    AND nav_observations.preference = carried.preference
    AND nav_observations.place = carried.place
),

configured AS (
  SELECT DISTINCT sources.token, sources.chain_id
  FROM sources
)

SELECT
  days.token AS token,
  days.chain_id AS chain_id,
  days.day AS day,
  CASE WHEN days.coverage = 'full' THEN chosen.price END AS nav,
  CASE WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN chosen.effective_at END AS nav_effective_at,
  CASE
    WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN COALESCE(chosen.stale_at < days.ends_at, FALSE)
  END AS nav_stale,
  CASE WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN chosen.currency END AS currency,
  CASE WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN chosen.contract END AS nav_contract,
  CASE WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN chosen.preference END AS nav_preference,
  CASE WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN chosen.source END AS nav_source,
  CASE WHEN days.coverage = 'full' AND chosen.price IS NOT NULL THEN chosen.kind END AS nav_kind,
  COALESCE(
    CASE WHEN days.coverage <> 'full' THEN COALESCE(days.why_null, 'the day is not wholly covered') END,
    CASE WHEN configured.token IS NULL THEN 'no price source is configured' END,
    CASE WHEN chosen.token IS NULL THEN 'no price was known yet' END,
    chosen.why_null
  ) AS why_null
FROM days
LEFT JOIN chosen
  ON chosen.token = days.token AND chosen.chain_id = days.chain_id AND chosen.day = days.day AND chosen.choice = 1
LEFT JOIN configured ON configured.token = days.token AND configured.chain_id = days.chain_id
