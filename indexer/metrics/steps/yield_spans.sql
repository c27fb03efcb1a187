-- Every pair of observations of a source that a window (7, 30 days, and 0 for a last period) may be made of, reckoned
-- once, with the day from which both were known and the one on which a correction took the place of one.
-- Where the price alone moved its difference is exact as a decimal; else whole numbers are divided once.
-- The starts of all windows stand in one relation before they are joined, so that the join is by the date.
-- grain: token, chain, source, window, end, version · kind: step, not stored
WITH periods AS (
  SELECT DISTINCT
    yield_dates.token,
    yield_dates.chain_id,
    yield_dates.contract,
    yield_dates.preference,
    yield_dates.last_day,
    yield_dates.day_before
  FROM yield_dates
  WHERE yield_dates.why_null IS NULL AND yield_dates.day_before IS NOT NULL
),

ends AS (
  SELECT
    yield_marks.token,
    yield_marks.chain_id,
    yield_marks.contract,
    yield_marks.preference,
    listed.days,
    yield_marks.day AS end_day,
    yield_marks.day - listed.days AS start_day,
    yield_marks.known_day,
    yield_marks.until_day,
    yield_marks.price,
    yield_marks.numerator,
    yield_marks.denominator,
    yield_marks.growth,
    yield_marks.breaks
  FROM yield_marks
  CROSS JOIN (VALUES (7), (30)) AS listed (days)
  UNION ALL
  SELECT
    yield_marks.token,
    yield_marks.chain_id,
    yield_marks.contract,
    yield_marks.preference,
    0 AS days,
    yield_marks.day AS end_day,
    periods.day_before AS start_day,
    yield_marks.known_day,
    yield_marks.until_day,
    yield_marks.price,
    yield_marks.numerator,
    yield_marks.denominator,
    yield_marks.growth,
    yield_marks.breaks
  FROM periods
  INNER JOIN yield_marks
    ON yield_marks.token = periods.token
    AND yield_marks.chain_id = periods.chain_id
    AND yield_marks.contract = periods.contract
    AND yield_marks.preference = periods.preference
    AND yield_marks.day = periods.last_day
)

SELECT
  ends.token AS token,
  ends.chain_id AS chain_id,
  ends.contract AS contract,
  ends.preference AS preference,
  ends.days AS days,
  ends.end_day AS end_day,
  ends.start_day AS start_day,
  ends.end_day - ends.start_day AS length,
  GREATEST(ends.known_day, starts.known_day) AS known_day,
  LEAST(COALESCE(ends.until_day, starts.until_day), COALESCE(starts.until_day, ends.until_day)) AS until_day,
  ends.breaks = starts.breaks AS is_whole,
  ends.price = starts.price AS is_still,
  CASE
    WHEN ends.numerator = starts.numerator
      AND ends.denominator = starts.denominator
      AND ends.growth = starts.growth
      THEN CAST(ends.price - starts.price AS DOUBLE) / CAST(starts.price AS DOUBLE)
        * 365 / (ends.end_day - ends.start_day)
    ELSE exact_yield(
      ends.price, ends.numerator, ends.denominator, ends.growth,
      starts.price, starts.numerator, starts.denominator, starts.growth,
      CAST(ends.end_day - ends.start_day AS DECIMAL(38, 0))
    )
  END AS simple
FROM ends
INNER JOIN yield_marks AS starts
  ON starts.token = ends.token
  AND starts.chain_id = ends.chain_id
  AND starts.contract = ends.contract
  AND starts.preference = ends.preference
  AND starts.day = ends.start_day
