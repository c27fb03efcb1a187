-- Observations of the total-return index, one for each date of a source, with the exact factors of which the index is
-- the product: price × numerator ÷ denominator × growth. known_day is the day on whose close the chain had told it, and
-- until_day the one on which a correction took its place. Between two marks with other breaks there is no yield.
-- grain: token, chain, source, date, version · kind: step, not stored
WITH told AS (
  SELECT
    nav_observations.token,
    nav_observations.chain_id,
    nav_observations.contract,
    nav_observations.preference,
    dates.day,
    learnt.day AS known_day,
    MIN(learnt.day) OVER (
      PARTITION BY
        nav_observations.token,
        nav_observations.chain_id,
        nav_observations.contract,
        nav_observations.preference,
        dates.day
      ORDER BY nav_observations.place
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS until_day,
    nav_observations.price,
    nav_observations.source
  FROM nav_observations
  INNER JOIN yield_methods
    ON yield_methods.token = nav_observations.token
    AND yield_methods.chain_id = nav_observations.chain_id
    AND yield_methods.method = 'nav'
  INNER JOIN calendar AS dates
    ON dates.boundary = 'utc'
    AND nav_observations.effective_at >= dates.starts_at
    AND nav_observations.effective_at < dates.ends_at
  INNER JOIN calendar AS learnt
    ON learnt.boundary = 'utc'
    AND nav_observations.known_at >= learnt.starts_at
    AND nav_observations.known_at < learnt.ends_at
  WHERE nav_observations.preference < 7
),

steps AS (
  SELECT
    rebases.token,
    rebases.chain_id,
    calendar.day,
    rebases.kind,
    rebases.cause,
    rebases.numerator,
    rebases.denominator,
    rebases.multiplier,
    SUM(
      CASE
        WHEN rebases.kind IN ('split', 'correction') OR rebases.numerator IS NULL THEN 1
        ELSE 0
      END
    ) OVER in_order AS breaks,
    ROW_NUMBER() OVER (
      PARTITION BY rebases.token, rebases.chain_id, calendar.day
      ORDER BY rebases.effective_at DESC, COALESCE(rebases.block_number, -1) DESC, COALESCE(rebases.log_index, -1) DESC
    ) AS from_last
  FROM rebases
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND rebases.effective_at >= calendar.starts_at
    AND rebases.effective_at < calendar.ends_at
  WINDOW in_order AS (
    PARTITION BY rebases.token, rebases.chain_id
    ORDER BY rebases.effective_at, COALESCE(rebases.block_number, -1), COALESCE(rebases.log_index, -1)
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),

-- A price beside the multiplier or the payments must itself be no older than four days, unless it is par.
prices AS (
  SELECT nav_days.token, nav_days.chain_id, nav_days.day, nav_days.nav, nav_days.nav_source
  FROM nav_days
  INNER JOIN days
    ON days.token = nav_days.token AND days.chain_id = nav_days.chain_id AND days.day = nav_days.day
  WHERE nav_days.nav > 0
    AND (nav_days.nav_preference = 7 OR nav_days.nav_effective_at >= days.starts_at - INTERVAL '4' DAY)
)

SELECT
  told.token AS token,
  told.chain_id AS chain_id,
  told.contract AS contract,
  told.preference AS preference,
  told.day AS day,
  told.known_day AS known_day,
  told.until_day AS until_day,
  told.price AS price,
  CAST(1 AS DECIMAL(38, 0)) AS numerator,
  CAST(1 AS DECIMAL(38, 0)) AS denominator,
  CAST(1 AS DECIMAL(38, 18)) AS multiplier,
  CAST(1000000000000000000000000000000 AS DECIMAL(38, 0)) AS growth,
  CAST(0 AS BIGINT) AS breaks,
  told.source AS source
FROM told
INNER JOIN days ON days.token = told.token AND days.chain_id = told.chain_id AND days.day = told.day
WHERE told.price > 0 AND (told.until_day IS NULL OR told.until_day > told.known_day)
UNION ALL
SELECT
  steps.token AS token,
  steps.chain_id AS chain_id,
  '' AS contract,
  0 AS preference,
  steps.day AS day,
  steps.day AS known_day,
  NULL AS until_day,
  prices.nav AS price,
  steps.numerator AS numerator,
  steps.denominator AS denominator,
  steps.multiplier AS multiplier,
  CAST(1000000000000000000000000000000 AS DECIMAL(38, 0)) AS growth,
  CAST(steps.breaks AS BIGINT) AS breaks,
  CONCAT('multiplier by ', steps.cause, '; price: ', prices.nav_source) AS source
FROM steps
INNER JOIN prices ON prices.token = steps.token AND prices.chain_id = steps.chain_id AND prices.day = steps.day
WHERE steps.from_last = 1 AND steps.numerator > 0 AND steps.denominator > 0 AND steps.multiplier > 0
UNION ALL
SELECT
  growth.token AS token,
  growth.chain_id AS chain_id,
  '' AS contract,
  0 AS preference,
  growth.day AS day,
  GREATEST(growth.day, calendar.day) AS known_day,
  NULL AS until_day,
  prices.nav AS price,
  CAST(1 AS DECIMAL(38, 0)) AS numerator,
  CAST(1 AS DECIMAL(38, 0)) AS denominator,
  CAST(1 AS DECIMAL(38, 18)) AS multiplier,
  growth.growth AS growth,
  growth.breaks AS breaks,
  CONCAT('payments by ', growth.evidence, '; price: ', prices.nav_source) AS source
FROM growth
INNER JOIN yield_methods
  ON yield_methods.token = growth.token
  AND yield_methods.chain_id = growth.chain_id
  AND yield_methods.method = 'distribution'
INNER JOIN calendar
  ON calendar.boundary = 'utc'
  AND growth.known_at >= calendar.starts_at
  AND growth.known_at < calendar.ends_at
INNER JOIN prices ON prices.token = growth.token AND prices.chain_id = growth.chain_id AND prices.day = growth.day
WHERE growth.growth > 0
