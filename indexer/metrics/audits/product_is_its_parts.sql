-- Days of a product whose supply is not the sum of its tokens' supplies on their chains, wrappers and copies left out,
-- or whose net value passes the gross one.
WITH wrappers AS (
  SELECT DISTINCT tokens.token
  FROM tokens
  INNER JOIN tokens AS wrapped ON wrapped.token = tokens.wraps AND wrapped.product = tokens.product
),

copies AS (
  SELECT DISTINCT deployments.token, deployments.chain_id
  FROM deployments
  WHERE deployments.kind = 'lock_release_copy'
),

parts AS (
  SELECT tokens.product, supply_daily.day, SUM(supply_daily.supply) AS supply
  FROM supply_daily
  INNER JOIN tokens ON tokens.token = supply_daily.token
  INNER JOIN product_daily
    ON product_daily.product = tokens.product
    AND product_daily.day = supply_daily.day
    AND product_daily.supply IS NOT NULL
  LEFT JOIN wrappers ON wrappers.token = supply_daily.token
  LEFT JOIN copies ON copies.token = supply_daily.token AND copies.chain_id = supply_daily.chain_id
  WHERE wrappers.token IS NULL AND copies.token IS NULL
  GROUP BY tokens.product, supply_daily.day
)

SELECT
  product_daily.product AS token,
  'all' AS chain_id,
  CONCAT(
    'on ', CAST(product_daily.day AS VARCHAR), ' the product has ', CAST(product_daily.supply AS VARCHAR),
    ', its tokens together ', COALESCE(CAST(parts.supply AS VARCHAR), 'nothing'), ', its value is ',
    COALESCE(CAST(product_daily.value_net AS VARCHAR), 'not known'), ' of ',
    COALESCE(CAST(product_daily.value_gross AS VARCHAR), 'what is not known')
  ) AS detail
FROM product_daily
LEFT JOIN parts ON parts.product = product_daily.product AND parts.day = product_daily.day
WHERE COALESCE(parts.supply, 0) <> product_daily.supply
  OR product_daily.value_net > product_daily.value_gross
