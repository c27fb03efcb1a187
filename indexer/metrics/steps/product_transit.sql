-- What is under way between the chains of a token at the close of each day: burned at one end and not yet minted at the
-- other. What is locked behind a copy is in the native supply, so only burns and mints of places that count make it.
-- Arrivals of which no departure is found are taken off. From a leg on of which it is not known whether it is under
-- way, nothing is known.
-- grain: product, token, day · kind: step, not stored
WITH counted AS (
  SELECT DISTINCT product_cells.product, product_cells.token, product_cells.chain_id
  FROM product_cells
  WHERE NOT product_cells.is_copy
),

steps AS (
  SELECT
    counted.product,
    counted.token,
    bridge_legs.block_time AS happened_at,
    CASE WHEN bridge_legs.direction = 'out' THEN bridge_legs.amount ELSE -bridge_legs.amount END AS amount,
    bridge_legs.amount IS NULL OR bridge_legs.in_transit IS NULL AS is_unknown,
    COALESCE(bridge_legs.why_null, 'whether a crossing has arrived is not known') AS why_null
  FROM bridge_legs
  INNER JOIN counted ON counted.token = bridge_legs.token AND counted.chain_id = bridge_legs.chain_id
  WHERE (
      bridge_legs.direction = 'out'
      AND bridge_legs.effect = 'burn'
      AND (COALESCE(bridge_legs.in_transit, TRUE) OR bridge_legs.matched_at IS NOT NULL)
    )
    OR (bridge_legs.direction = 'in' AND bridge_legs.effect = 'mint' AND COALESCE(bridge_legs.in_transit, TRUE))
  UNION ALL
  SELECT
    counted.product,
    counted.token,
    bridge_legs.matched_at AS happened_at,
    -bridge_legs.amount AS amount,
    FALSE AS is_unknown,
    CAST(NULL AS VARCHAR) AS why_null
  FROM bridge_legs
  INNER JOIN counted ON counted.token = bridge_legs.token AND counted.chain_id = bridge_legs.chain_id
  WHERE bridge_legs.direction = 'out'
    AND bridge_legs.effect = 'burn'
    AND bridge_legs.in_transit = FALSE
    AND bridge_legs.matched_at IS NOT NULL
),

by_day AS (
  SELECT
    steps.product,
    steps.token,
    calendar.day,
    SUM(steps.amount) AS amount,
    MAX(CASE WHEN steps.is_unknown THEN 1 ELSE 0 END) AS unknown,
    MIN(CASE WHEN steps.is_unknown THEN steps.why_null END) AS why_null
  FROM steps
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND steps.happened_at >= calendar.starts_at
    AND steps.happened_at < calendar.ends_at
  GROUP BY steps.product, steps.token, calendar.day
),

token_days AS (
  SELECT DISTINCT product_cells.product, product_cells.token, product_cells.day FROM product_cells
),

carried AS (
  SELECT
    token_days.product,
    token_days.token,
    token_days.day,
    SUM(COALESCE(by_day.amount, CAST(0 AS DECIMAL(38, 18)))) OVER days_in_order AS amount,
    MAX(COALESCE(by_day.unknown, 0)) OVER days_in_order AS unknown,
    MIN(by_day.why_null) OVER days_in_order AS why_null
  FROM token_days
  LEFT JOIN by_day
    ON by_day.product = token_days.product
    AND by_day.token = token_days.token
    AND by_day.day = token_days.day
  WINDOW days_in_order AS (
    PARTITION BY token_days.product, token_days.token
    ORDER BY token_days.day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)

SELECT
  carried.product AS product,
  carried.token AS token,
  carried.day AS day,
  CASE WHEN carried.unknown = 0 AND carried.amount >= 0 THEN CAST(carried.amount AS DECIMAL(38, 18)) END AS in_transit,
  CASE
    WHEN carried.unknown = 1 THEN CONCAT(carried.token, ' in transit: ', carried.why_null)
    WHEN carried.amount < 0 THEN CONCAT(carried.token, ' in transit: more arrived than is known to have departed')
  END AS why_null
FROM carried
