-- The factors of what one unit has become by all payments in new units up to each accrual date: the product of
-- 1 + distributed ÷ entitled. Where the chain tells rate and price, that is their quotient; else what was paid to all
-- over what they held. breaks counts the dates whose quotient is not known: no index passes over them.
-- growing.py puts the product in place of its factors: the column growth, 30 decimals kept as digits.
-- grain: token, chain, accrual date · kind: step, not stored
WITH dated AS (
  SELECT
    distributions.token,
    distributions.chain_id,
    COALESCE(distributions.accrual_date, calendar_dates.day) AS day,
    distributions.block_time,
    distributions.rate,
    distributions.price,
    CASE WHEN ABS(distributions.units) < 1e33 THEN distributions.units END AS units,
    CASE WHEN ABS(distributions.basis_units) < 1e33 THEN distributions.basis_units END AS basis_units,
    distributions.evidence
  FROM distributions
  INNER JOIN calendar_dates
    ON calendar_dates.date = CAST(distributions.block_time AS DATE)
    AND distributions.block_time >= calendar_dates.starts_at
    AND distributions.block_time < calendar_dates.ends_at
),

paid AS (
  SELECT
    dated.token,
    dated.chain_id,
    dated.day,
    MIN(dated.block_time) AS known_at,
    MIN(dated.rate) AS rate,
    MIN(dated.price) AS price,
    SUM(dated.units) AS units,
    SUM(dated.basis_units) AS basis_units,
    MIN(dated.evidence) AS evidence,
    COUNT(*) = COUNT(dated.rate)
      AND COUNT(*) = COUNT(dated.price)
      AND MIN(dated.rate) = MAX(dated.rate)
      AND MIN(dated.price) = MAX(dated.price)
      AND MIN(dated.price) > 0 AS is_told,
    COUNT(*) = COUNT(dated.units)
      AND COUNT(*) = COUNT(dated.basis_units)
      AND SUM(dated.basis_units) > 0 AS is_summed
  FROM dated
  GROUP BY dated.token, dated.chain_id, dated.day
)

SELECT
  paid.token AS token,
  paid.chain_id AS chain_id,
  paid.day AS day,
  paid.known_at AS known_at,
  paid.evidence AS evidence,
  CASE WHEN paid.is_told THEN paid.rate END AS rate,
  CASE WHEN paid.is_told THEN paid.price END AS price,
  CASE WHEN NOT paid.is_told AND paid.is_summed THEN paid.units END AS units,
  CASE WHEN NOT paid.is_told AND paid.is_summed THEN paid.basis_units END AS basis_units,
  CAST(
    SUM(CASE WHEN paid.is_told OR paid.is_summed THEN 0 ELSE 1 END) OVER (
      PARTITION BY paid.token, paid.chain_id ORDER BY paid.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS BIGINT
  ) AS breaks
FROM paid
