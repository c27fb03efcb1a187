-- Yields between two observations: of each window (7, 30 days, and 0 for the last period) the newest pair known at the
-- close. is_whole is false where something that is no yield, or that is not known, lies between.
-- A day finds the newest pair by a running maximum over the days on which pairs became known.
-- grain: token, chain, day, window · kind: step, not stored
WITH learnt AS (
  SELECT
    yield_spans.token,
    yield_spans.chain_id,
    yield_spans.contract,
    yield_spans.preference,
    yield_spans.days,
    yield_spans.known_day AS day,
    yield_spans.end_day,
    FALSE AS is_asked
  FROM yield_spans
  WHERE yield_spans.days > 0
    AND (yield_spans.until_day IS NULL OR yield_spans.until_day > yield_spans.known_day)
  UNION ALL
  SELECT
    yield_dates.token, yield_dates.chain_id, yield_dates.contract, yield_dates.preference, listed.days, yield_dates.day,
    NULL AS end_day,
    TRUE AS is_asked
  FROM yield_dates
  CROSS JOIN (VALUES (7), (30)) AS listed (days)
  WHERE yield_dates.why_null IS NULL
),

newest AS (
  SELECT
    learnt.token,
    learnt.chain_id,
    learnt.contract,
    learnt.preference,
    learnt.days,
    learnt.day,
    learnt.is_asked,
    MAX(learnt.end_day) OVER (
      PARTITION BY learnt.token, learnt.chain_id, learnt.contract, learnt.preference, learnt.days
      ORDER BY learnt.day, learnt.is_asked
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS end_day
  FROM learnt
),

chosen AS (
  SELECT
    newest.token, newest.chain_id, newest.contract, newest.preference, newest.days, newest.day, newest.end_day,
    newest.end_day - newest.days AS start_day
  FROM newest
  WHERE newest.is_asked AND newest.day - newest.end_day <= 4
  UNION ALL
  SELECT
    yield_dates.token, yield_dates.chain_id, yield_dates.contract, yield_dates.preference, 0 AS days, yield_dates.day,
    yield_dates.last_day AS end_day,
    yield_dates.day_before AS start_day
  FROM yield_dates
  WHERE yield_dates.why_null IS NULL AND yield_dates.day_before IS NOT NULL
),

told AS (
  SELECT
    chosen.token,
    chosen.chain_id,
    chosen.day,
    chosen.days,
    chosen.end_day,
    chosen.start_day,
    yield_spans.length,
    yield_spans.is_whole AND NOT (
      yield_spans.is_still AND yield_methods.may_pay AND yield_methods.method = 'nav'
    ) AS is_whole,
    yield_spans.simple
  FROM chosen
  INNER JOIN yield_methods ON yield_methods.token = chosen.token AND yield_methods.chain_id = chosen.chain_id
  INNER JOIN yield_spans
    ON yield_spans.token = chosen.token
    AND yield_spans.chain_id = chosen.chain_id
    AND yield_spans.contract = chosen.contract
    AND yield_spans.preference = chosen.preference
    AND yield_spans.days = chosen.days
    AND yield_spans.end_day = chosen.end_day
    AND yield_spans.start_day = chosen.start_day
    AND yield_spans.known_day <= chosen.day
    AND (yield_spans.until_day IS NULL OR yield_spans.until_day > chosen.day)
)

SELECT
  told.token AS token,
  told.chain_id AS chain_id,
  told.day AS day,
  told.days AS days,
  told.end_day AS end_day,
  told.start_day AS start_day,
  told.is_whole AS is_whole,
  CASE WHEN told.is_whole THEN told.simple END AS simple,
  CASE
    WHEN NOT told.is_whole OR told.simple * told.length / 365 <= -1 THEN NULL
    WHEN LN(1 + told.simple * told.length / 365) * 365 / told.length < 700
      THEN POWER(1 + told.simple * told.length / 365, CAST(365 AS DOUBLE) / told.length) - 1
  END AS compound
FROM told
