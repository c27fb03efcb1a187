-- Yield of the total-return index at the close of every UTC day, as a share of a year (0.05 is 5 %).
-- Index = price × multiplier × product of (1 + distributed ÷ entitled); a year has 365 days. A window of 7 or 30 days
-- is a pair of observations of one source exactly so many days apart, the newest that the chain had told by the close
-- and that is not older than 4 calendar days; so it always is whole accrual periods, and its dates stand in the row.
-- yield_period is that of the last full accrual period, between the last two observations, whatever its length.
-- unit: 1 a year; the index is in the currency of the price, for one whole unit
-- grain: token, chain, day · kind: flow over the window that ends at the observation (index: stock)
WITH sources AS (
  SELECT
    yield_marks.token,
    yield_marks.chain_id,
    yield_marks.contract,
    yield_marks.preference,
    MIN(yield_marks.day) AS first_day
  FROM yield_marks
  GROUP BY yield_marks.token, yield_marks.chain_id, yield_marks.contract, yield_marks.preference
),

asked AS (
  SELECT
    days.token,
    days.chain_id,
    days.day,
    days.coverage,
    days.published_at,
    yield_methods.method,
    yield_methods.may_pay,
    CASE WHEN yield_methods.method = 'nav' THEN nav_days.nav_contract ELSE '' END AS contract,
    CASE WHEN yield_methods.method = 'nav' THEN nav_days.nav_preference ELSE 0 END AS preference,
    COALESCE(
      nav_days.why_null,
      yield_methods.why_null,
      CASE
        WHEN yield_methods.method = 'nav' AND nav_days.nav_preference = 7
          THEN 'the price is a par, which tells no yield'
      END
    ) AS why_null
  FROM days
  INNER JOIN nav_days
    ON nav_days.token = days.token AND nav_days.chain_id = days.chain_id AND nav_days.day = days.day
  INNER JOIN yield_methods ON yield_methods.token = days.token AND yield_methods.chain_id = days.chain_id
),

learnt AS (
  SELECT
    yield_marks.token,
    yield_marks.chain_id,
    yield_marks.contract,
    yield_marks.preference,
    yield_marks.known_day,
    MAX(yield_marks.day) AS day
  FROM yield_marks
  GROUP BY
    yield_marks.token,
    yield_marks.chain_id,
    yield_marks.contract,
    yield_marks.preference,
    yield_marks.known_day
),

carried AS (
  SELECT
    days.token,
    days.chain_id,
    sources.contract,
    sources.preference,
    sources.first_day,
    days.day,
    MAX(learnt.day) OVER (
      PARTITION BY days.token, days.chain_id, sources.contract, sources.preference
      ORDER BY days.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS last_day
  FROM days
  INNER JOIN sources ON sources.token = days.token AND sources.chain_id = days.chain_id
  LEFT JOIN learnt
    ON learnt.token = days.token
    AND learnt.chain_id = days.chain_id
    AND learnt.contract = sources.contract
    AND learnt.preference = sources.preference
    AND learnt.known_day = days.day
),

-- The last but one date that was known: the newest before the newest changed, or one that was learnt after a newer one.
stepped AS (
  SELECT
    carried.token,
    carried.chain_id,
    carried.contract,
    carried.preference,
    carried.first_day,
    carried.day,
    carried.last_day,
    late.day AS late_day,
    NULLIF(
      LAG(carried.last_day) OVER (
        PARTITION BY carried.token, carried.chain_id, carried.contract, carried.preference
        ORDER BY carried.day
      ),
      carried.last_day
    ) AS day_passed
  FROM carried
  LEFT JOIN (
    SELECT
      carried.token, carried.chain_id, carried.contract, carried.preference, carried.day AS known_day,
      MAX(yield_marks.day) AS day
    FROM carried
    INNER JOIN yield_marks
      ON yield_marks.token = carried.token
      AND yield_marks.chain_id = carried.chain_id
      AND yield_marks.contract = carried.contract
      AND yield_marks.preference = carried.preference
      AND yield_marks.known_day = carried.day
      AND yield_marks.day < carried.last_day
    GROUP BY carried.token, carried.chain_id, carried.contract, carried.preference, carried.day
  ) AS late
    ON late.token = carried.token
    AND late.chain_id = carried.chain_id
    AND late.contract = carried.contract
    AND late.preference = carried.preference
    AND late.known_day = carried.day
),

dates AS (
  SELECT
    stepped.token,
    stepped.chain_id,
    stepped.contract,
    stepped.preference,
    stepped.first_day,
    stepped.day,
    stepped.last_day,
    GREATEST(MAX(stepped.late_day) OVER so_far, MAX(stepped.day_passed) OVER so_far) AS day_before
  FROM stepped
  WINDOW so_far AS (
    PARTITION BY stepped.token, stepped.chain_id, stepped.contract, stepped.preference
    ORDER BY stepped.day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),

known AS (
  SELECT
    asked.token,
    asked.chain_id,
    asked.day,
    asked.contract,
    asked.preference,
    asked.may_pay,
    dates.first_day,
    dates.last_day,
    dates.day_before
  FROM asked
  INNER JOIN dates
    ON dates.token = asked.token
    AND dates.chain_id = asked.chain_id
    AND dates.contract = asked.contract
    AND dates.preference = asked.preference
    AND dates.day = asked.day
  WHERE asked.why_null IS NULL
),

candidates AS (
  SELECT
    known.token,
    known.chain_id,
    known.day,
    known.contract,
    known.preference,
    known.may_pay,
    listed.days,
    known.day - back.days AS end_day,
    known.day - back.days - listed.days AS start_day
  FROM known
  CROSS JOIN (VALUES (7), (30)) AS listed (days)
  CROSS JOIN (VALUES (0), (1), (2), (3), (4)) AS back (days)
  UNION ALL
  SELECT
    known.token,
    known.chain_id,
    known.day,
    known.contract,
    known.preference,
    known.may_pay,
    0 AS days,
    known.last_day AS end_day,
    known.day_before AS start_day
  FROM known
  WHERE known.day_before IS NOT NULL
),

pairs AS (
  SELECT
    candidates.token,
    candidates.chain_id,
    candidates.day,
    candidates.days,
    candidates.end_day,
    candidates.start_day,
    ends.source,
    ends.breaks = starts.breaks AND NOT (candidates.may_pay AND ends.price = starts.price AND ends.contract <> '')
      AS is_whole,
    ends.price AS end_price,
    ends.numerator AS end_numerator,
    ends.denominator AS end_denominator,
    ends.growth AS end_growth,
    starts.price AS start_price,
    starts.numerator AS start_numerator,
    starts.denominator AS start_denominator,
    starts.growth AS start_growth,
    candidates.end_day - candidates.start_day AS length,
    ROW_NUMBER() OVER (
      PARTITION BY candidates.token, candidates.chain_id, candidates.day, candidates.days
      ORDER BY candidates.end_day DESC
    ) AS choice
  FROM candidates
  INNER JOIN yield_marks AS ends
    ON ends.token = candidates.token
    AND ends.chain_id = candidates.chain_id
    AND ends.contract = candidates.contract
    AND ends.preference = candidates.preference
    AND ends.day = candidates.end_day
    AND ends.known_day <= candidates.day
    AND (ends.until_day IS NULL OR ends.until_day > candidates.day)
  INNER JOIN yield_marks AS starts
    ON starts.token = candidates.token
    AND starts.chain_id = candidates.chain_id
    AND starts.contract = candidates.contract
    AND starts.preference = candidates.preference
    AND starts.day = candidates.start_day
    AND starts.known_day <= candidates.day
    AND (starts.until_day IS NULL OR starts.until_day > candidates.day)
),

yields AS (
  SELECT
    pairs.token,
    pairs.chain_id,
    pairs.day,
    pairs.days,
    pairs.end_day,
    pairs.start_day,
    pairs.is_whole,
    CASE
      WHEN pairs.is_whole
        THEN exact_yield(
          pairs.end_price, pairs.end_numerator, pairs.end_denominator, pairs.end_growth,
          pairs.start_price, pairs.start_numerator, pairs.start_denominator, pairs.start_growth,
          CAST(pairs.length AS DECIMAL(38, 0))
        )
    END AS simple,
    CASE
      WHEN pairs.is_whole
        THEN exact_compound(
          pairs.end_price, pairs.end_numerator, pairs.end_denominator, pairs.end_growth,
          pairs.start_price, pairs.start_numerator, pairs.start_denominator, pairs.start_growth,
          CAST(pairs.length AS DECIMAL(38, 0))
        )
    END AS compound
  FROM pairs
  WHERE pairs.choice = 1
),

figures AS (
  SELECT
    yields.token,
    yields.chain_id,
    yields.day,
    MAX(CASE WHEN yields.days = 7 THEN yields.simple END) AS yield_7d,
    MAX(CASE WHEN yields.days = 7 THEN yields.compound END) AS yield_7d_compound,
    MAX(CASE WHEN yields.days = 7 AND yields.simple IS NOT NULL THEN yields.start_day END) AS yield_7d_from,
    MAX(CASE WHEN yields.days = 7 AND yields.simple IS NOT NULL THEN yields.end_day END) AS yield_7d_to,
    MAX(CASE WHEN yields.days = 30 THEN yields.simple END) AS yield_30d,
    MAX(CASE WHEN yields.days = 30 THEN yields.compound END) AS yield_30d_compound,
    MAX(CASE WHEN yields.days = 30 AND yields.simple IS NOT NULL THEN yields.start_day END) AS yield_30d_from,
    MAX(CASE WHEN yields.days = 30 AND yields.simple IS NOT NULL THEN yields.end_day END) AS yield_30d_to,
    MAX(CASE WHEN yields.days = 0 THEN yields.simple END) AS yield_period,
    MAX(CASE WHEN yields.days = 0 AND yields.simple IS NOT NULL THEN yields.start_day END) AS yield_period_from,
    MAX(CASE WHEN yields.days = 0 AND yields.simple IS NOT NULL THEN yields.end_day END) AS yield_period_to,
    MAX(CASE WHEN yields.days = 7 AND NOT yields.is_whole THEN 1 ELSE 0 END) AS broken_7d,
    MAX(CASE WHEN yields.days = 30 AND NOT yields.is_whole THEN 1 ELSE 0 END) AS broken_30d,
    MAX(CASE WHEN yields.days = 0 AND NOT yields.is_whole THEN 1 ELSE 0 END) AS broken_period
  FROM yields
  GROUP BY yields.token, yields.chain_id, yields.day
),

judged AS (
  SELECT
    known.token,
    known.chain_id,
    known.day,
    known.last_day,
    figures.yield_7d,
    figures.yield_7d_compound,
    figures.yield_7d_from,
    figures.yield_7d_to,
    figures.yield_30d,
    figures.yield_30d_compound,
    figures.yield_30d_from,
    figures.yield_30d_to,
    figures.yield_period,
    figures.yield_period_from,
    figures.yield_period_to,
    CASE
      WHEN figures.yield_7d IS NOT NULL AND figures.yield_7d_compound IS NOT NULL THEN NULL
      WHEN known.day_before IS NULL THEN 'there are fewer than two observations'
      WHEN known.day - known.last_day > 4 THEN 'the last observation is older than 4 calendar days'
      WHEN figures.broken_7d = 1 THEN 'what happened between its observations is no yield, or not known'
      WHEN known.last_day - known.first_day < 7 THEN 'the observations do not reach back so far'
      ELSE 'the window is not whole accrual periods: no two observations lie exactly so far apart'
    END AS why_7d,
    CASE
      WHEN figures.yield_30d IS NOT NULL AND figures.yield_30d_compound IS NOT NULL THEN NULL
      WHEN known.day_before IS NULL THEN 'there are fewer than two observations'
      WHEN known.day - known.last_day > 4 THEN 'the last observation is older than 4 calendar days'
      WHEN figures.broken_30d = 1 THEN 'what happened between its observations is no yield, or not known'
      WHEN known.last_day - known.first_day < 30 THEN 'the observations do not reach back so far'
      ELSE 'the window is not whole accrual periods: no two observations lie exactly so far apart'
    END AS why_30d,
    CASE
      WHEN figures.yield_period IS NOT NULL THEN NULL
      WHEN known.day_before IS NULL THEN 'there are fewer than two observations'
      ELSE 'what happened between its observations is no yield, or not known'
    END AS why_period
  FROM known
  LEFT JOIN figures
    ON figures.token = known.token AND figures.chain_id = known.chain_id AND figures.day = known.day
),

newest AS (
  SELECT
    known.token,
    known.chain_id,
    known.day,
    exact_index(yield_marks.price, yield_marks.multiplier, yield_marks.growth) AS index_value,
    yield_marks.source
  FROM known
  INNER JOIN yield_marks
    ON yield_marks.token = known.token
    AND yield_marks.chain_id = known.chain_id
    AND yield_marks.contract = known.contract
    AND yield_marks.preference = known.preference
    AND yield_marks.day = known.last_day
    AND yield_marks.known_day <= known.day
    AND (yield_marks.until_day IS NULL OR yield_marks.until_day > known.day)
)

SELECT
  asked.token AS token,
  asked.chain_id AS chain_id,
  asked.day AS day,
  newest.index_value AS index_value,
  judged.last_day AS observed_on,
  judged.yield_7d AS yield_7d,
  judged.yield_7d_compound AS yield_7d_compound,
  judged.yield_7d_from AS yield_7d_from,
  judged.yield_7d_to AS yield_7d_to,
  judged.yield_30d AS yield_30d,
  judged.yield_30d_compound AS yield_30d_compound,
  judged.yield_30d_from AS yield_30d_from,
  judged.yield_30d_to AS yield_30d_to,
  judged.yield_period AS yield_period,
  judged.yield_period_from AS yield_period_from,
  judged.yield_period_to AS yield_period_to,
  asked.method AS method,
  newest.source AS source,
  asked.coverage AS coverage,
  asked.published_at AS published_at,
  CASE
    WHEN asked.why_null IS NOT NULL THEN asked.why_null
    WHEN judged.last_day IS NULL THEN 'no observation was known yet'
    WHEN newest.token IS NULL THEN 'the last observation was taken back'
    WHEN newest.index_value IS NULL THEN 'the index passes 38 digits with 18 decimals'
    WHEN judged.why_7d = judged.why_30d AND judged.why_7d = judged.why_period THEN judged.why_7d
    WHEN judged.why_7d IS NOT NULL OR judged.why_30d IS NOT NULL OR judged.why_period IS NOT NULL
      THEN CONCAT_WS(
        '; ',
        '7 days: ' || judged.why_7d,
        '30 days: ' || judged.why_30d,
        'last period: ' || judged.why_period
      )
  END AS why_null
FROM asked
LEFT JOIN judged
  ON judged.token = asked.token AND judged.chain_id = asked.chain_id AND judged.day = asked.day
LEFT JOIN newest
  ON newest.token = asked.token AND newest.chain_id = asked.chain_id AND newest.day = asked.day
