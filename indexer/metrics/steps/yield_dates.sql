-- For every day of a token: of which source its index is made, and the first, the last and the last but one date of the
-- observations that were known at the close.
-- grain: token, chain, day · kind: step, not stored
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
)

SELECT
  asked.token AS token,
  asked.chain_id AS chain_id,
  asked.day AS day,
  asked.coverage AS coverage,
  asked.published_at AS published_at,
  asked.method AS method,
  asked.may_pay AS may_pay,
  asked.contract AS contract,
  asked.preference AS preference,
  dates.first_day AS first_day,
  dates.last_day AS last_day,
  dates.day_before AS day_before,
  COALESCE(
    asked.why_null, CASE WHEN dates.last_day IS NULL THEN 'no observation was known yet' END
  ) AS why_null
FROM asked
LEFT JOIN dates
  ON dates.token = asked.token
  AND dates.chain_id = asked.chain_id
  AND dates.contract = asked.contract
  AND dates.preference = asked.preference
  AND dates.day = asked.day
  AND asked.why_null IS NULL
