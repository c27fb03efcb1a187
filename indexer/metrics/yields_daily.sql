-- Yield of the total-return index at the close of every UTC day, as a share of a year (0.05 is 5 %).
-- Index = price × multiplier × product of (1 + distributed ÷ entitled); a year has 365 days. A window of 7 or 30 days
-- is a pair of observations of one source exactly so many days apart, the newest that the chain had told by the close
-- and that is not older than 4 calendar days; so it always is whole accrual periods, and its dates stand in the row.
-- yield_period is that of the last full accrual period, between the last two observations, whatever its length.
-- unit: 1 a year; the index is in the currency of the price, for one whole unit
-- grain: token, chain, day · kind: flow over the window that ends at the observation (index: stock)
WITH figures AS (
  SELECT
    yield_pairs.token,
    yield_pairs.chain_id,
    yield_pairs.day,
    MAX(CASE WHEN yield_pairs.days = 7 THEN yield_pairs.simple END) AS yield_7d,
    MAX(CASE WHEN yield_pairs.days = 7 THEN yield_pairs.compound END) AS yield_7d_compound,
    MAX(CASE WHEN yield_pairs.days = 7 AND yield_pairs.simple IS NOT NULL THEN yield_pairs.start_day END)
      AS yield_7d_from,
    MAX(CASE WHEN yield_pairs.days = 7 AND yield_pairs.simple IS NOT NULL THEN yield_pairs.end_day END)
      AS yield_7d_to,
    MAX(CASE WHEN yield_pairs.days = 30 THEN yield_pairs.simple END) AS yield_30d,
    MAX(CASE WHEN yield_pairs.days = 30 THEN yield_pairs.compound END) AS yield_30d_compound,
    MAX(CASE WHEN yield_pairs.days = 30 AND yield_pairs.simple IS NOT NULL THEN yield_pairs.start_day END)
      AS yield_30d_from,
    MAX(CASE WHEN yield_pairs.days = 30 AND yield_pairs.simple IS NOT NULL THEN yield_pairs.end_day END)
      AS yield_30d_to,
    MAX(CASE WHEN yield_pairs.days = 0 THEN yield_pairs.simple END) AS yield_period,
    MAX(CASE WHEN yield_pairs.days = 0 AND yield_pairs.simple IS NOT NULL THEN yield_pairs.start_day END)
      AS yield_period_from,
    MAX(CASE WHEN yield_pairs.days = 0 AND yield_pairs.simple IS NOT NULL THEN yield_pairs.end_day END)
      AS yield_period_to,
    MAX(CASE WHEN yield_pairs.days = 7 AND NOT yield_pairs.is_whole THEN 1 ELSE 0 END) AS broken_7d,
    MAX(CASE WHEN yield_pairs.days = 30 AND NOT yield_pairs.is_whole THEN 1 ELSE 0 END) AS broken_30d,
    MAX(CASE WHEN yield_pairs.days = 0 AND NOT yield_pairs.is_whole THEN 1 ELSE 0 END) AS broken_period
  FROM yield_pairs
  GROUP BY yield_pairs.token, yield_pairs.chain_id, yield_pairs.day
),

judged AS (
  SELECT
    yield_dates.token,
    yield_dates.chain_id,
    yield_dates.day,
    yield_dates.last_day,
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
      WHEN figures.yield_7d_compound IS NOT NULL THEN NULL
      WHEN figures.yield_7d IS NOT NULL THEN 'compounded over a year it passes what can be held'
      WHEN yield_dates.day_before IS NULL THEN 'there are fewer than two observations'
      WHEN yield_dates.day - yield_dates.last_day > 4 THEN 'the last observation is older than 4 calendar days'
      WHEN figures.broken_7d = 1 THEN 'what happened between its observations is no yield, or not known'
      WHEN yield_dates.last_day - yield_dates.first_day < 7 THEN 'the observations do not reach back so far'
      ELSE 'the window is not whole accrual periods: no two observations lie exactly so far apart'
    END AS why_7d,
    CASE
      WHEN figures.yield_30d_compound IS NOT NULL THEN NULL
      WHEN figures.yield_30d IS NOT NULL THEN 'compounded over a year it passes what can be held'
      WHEN yield_dates.day_before IS NULL THEN 'there are fewer than two observations'
      WHEN yield_dates.day - yield_dates.last_day > 4 THEN 'the last observation is older than 4 calendar days'
      WHEN figures.broken_30d = 1 THEN 'what happened between its observations is no yield, or not known'
      WHEN yield_dates.last_day - yield_dates.first_day < 30 THEN 'the observations do not reach back so far'
      ELSE 'the window is not whole accrual periods: no two observations lie exactly so far apart'
    END AS why_30d,
    CASE
      WHEN figures.yield_period IS NOT NULL THEN NULL
      WHEN yield_dates.day_before IS NULL THEN 'there are fewer than two observations'
      ELSE 'what happened between its observations is no yield, or not known'
    END AS why_period
  FROM yield_dates
  LEFT JOIN figures
    ON figures.token = yield_dates.token AND figures.chain_id = yield_dates.chain_id AND figures.day = yield_dates.day
  WHERE yield_dates.why_null IS NULL
),

newest AS (
  SELECT
    yield_dates.token,
    yield_dates.chain_id,
    yield_dates.day,
    exact_index(yield_marks.price, yield_marks.multiplier, yield_marks.growth) AS index_value,
    yield_marks.source
  FROM yield_dates
  INNER JOIN yield_marks
    ON yield_marks.token = yield_dates.token
    AND yield_marks.chain_id = yield_dates.chain_id
    AND yield_marks.contract = yield_dates.contract
    AND yield_marks.preference = yield_dates.preference
    AND yield_marks.day = yield_dates.last_day
    AND yield_marks.known_day <= yield_dates.day
    AND (yield_marks.until_day IS NULL OR yield_marks.until_day > yield_dates.day)
)

SELECT
  yield_dates.token AS token,
  yield_dates.chain_id AS chain_id,
  yield_dates.day AS day,
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
  yield_dates.method AS method,
  newest.source AS source,
  yield_dates.coverage AS coverage,
  yield_dates.published_at AS published_at,
  CASE
    WHEN yield_dates.why_null IS NOT NULL THEN yield_dates.why_null
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
FROM yield_dates
LEFT JOIN judged
  ON judged.token = yield_dates.token AND judged.chain_id = yield_dates.chain_id AND judged.day = yield_dates.day
LEFT JOIN newest
  ON newest.token = yield_dates.token AND newest.chain_id = yield_dates.chain_id AND newest.day = yield_dates.day
