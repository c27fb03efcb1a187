-- What one unit has become by all payments in new units up to each accrual date: the product of 1 + distributed ÷
-- entitled, 30 decimals kept as digits. Where the chain tells rate and price, that is their quotient; else what was
-- paid to all over what they held. breaks counts the dates whose quotient is not known: no index passes over them.
-- grain: token, chain, accrual date · kind: step, not stored
WITH RECURSIVE dated AS (
  SELECT
    distributions.token,
    distributions.chain_id,
    COALESCE(distributions.accrual_date, calendar.day) AS day,
    distributions.block_time,
    distributions.rate,
    distributions.price,
    CASE WHEN ABS(distributions.units) < 1e33 THEN distributions.units END AS units,
    CASE WHEN ABS(distributions.basis_units) < 1e33 THEN distributions.basis_units END AS basis_units,
    distributions.evidence
  FROM distributions
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND distributions.block_time >= calendar.starts_at
    AND distributions.block_time < calendar.ends_at
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
),

numbered AS (
  SELECT
    paid.token,
    paid.chain_id,
    paid.day,
    paid.known_at,
    paid.evidence,
    CASE WHEN paid.is_told THEN paid.rate END AS rate,
    CASE WHEN paid.is_told THEN paid.price END AS price,
    CASE WHEN NOT paid.is_told AND paid.is_summed THEN paid.units END AS units,
    CASE WHEN NOT paid.is_told AND paid.is_summed THEN paid.basis_units END AS basis_units,
    SUM(CASE WHEN paid.is_told OR paid.is_summed THEN 0 ELSE 1 END) OVER by_date AS breaks,
    ROW_NUMBER() OVER by_date AS place
  FROM paid
  WINDOW by_date AS (PARTITION BY paid.token, paid.chain_id ORDER BY paid.day)
),

grown AS (
  SELECT
    numbered.token,
    numbered.chain_id,
    numbered.place,
    exact_growth(
      CAST(1000000000000000000000000000000 AS DECIMAL(38, 0)),
      numbered.rate, numbered.price, numbered.units, numbered.basis_units
    ) AS growth
  FROM numbered
  WHERE numbered.place = 1
  UNION ALL
  SELECT
    numbered.token,
    numbered.chain_id,
    numbered.place,
    exact_growth(grown.growth, numbered.rate, numbered.price, numbered.units, numbered.basis_units) AS growth
  FROM grown
  INNER JOIN numbered
    ON numbered.token = grown.token AND numbered.chain_id = grown.chain_id AND numbered.place = grown.place + 1
)

SELECT
  numbered.token AS token,
  numbered.chain_id AS chain_id,
  numbered.day AS day,
  numbered.known_at AS known_at,
  numbered.evidence AS evidence,
  grown.growth AS growth,
  CAST(numbered.breaks AS BIGINT) AS breaks
FROM numbered
INNER JOIN grown
  ON grown.token = numbered.token AND grown.chain_id = numbered.chain_id AND grown.place = numbered.place
