-- Each place of a product on each of its days: a token on a chain, without tokens that wrap another of the same
-- product, because what they hold is in the supply of what they wrap. A place that is derived here has its close;
-- before its first event it has nothing. Elsewhere nothing is known here, unless the place was not there yet. A copy's
-- supply is told and counted nowhere: what backs it stays locked in the native supply.
-- grain: product, day, token, chain · kind: step, not stored
WITH wrappers AS (
  SELECT DISTINCT tokens.token
  FROM tokens
  INNER JOIN tokens AS wrapped ON wrapped.token = tokens.wraps AND wrapped.product = tokens.product
),

places AS (
  SELECT
    tokens.product,
    deployments.token,
    deployments.chain_id,
    MAX(deployments.chain) AS chain,
    MAX(CASE WHEN deployments.kind = 'lock_release_copy' THEN 1 ELSE 0 END) = 1 AS is_copy,
    MIN(deployments.start_day) AS start_day,
    COUNT(derivations.token) > 0 AS is_here,
    MAX(derivations.covered_until) AS covered_until,
    MAX(derivations.why_null) AS why_null
  FROM deployments
  INNER JOIN tokens ON tokens.token = deployments.token
  LEFT JOIN wrappers ON wrappers.token = deployments.token
  LEFT JOIN derivations
    ON derivations.token = deployments.token AND derivations.chain_id = deployments.chain_id
  WHERE wrappers.token IS NULL
  GROUP BY tokens.product, deployments.token, deployments.chain_id
),

product_days AS (
  SELECT DISTINCT places.product, supply_daily.day, calendar.ends_at
  FROM supply_daily
  INNER JOIN places ON places.token = supply_daily.token AND places.chain_id = supply_daily.chain_id
  INNER JOIN calendar ON calendar.boundary = 'utc' AND calendar.day = supply_daily.day
)

SELECT
  product_days.product AS product,
  product_days.day AS day,
  product_days.ends_at AS ends_at,
  places.token AS token,
  places.chain_id AS chain_id,
  places.chain AS chain,
  places.is_copy AS is_copy,
  places.is_here AS is_here,
  NOT places.is_here AND places.start_day > product_days.day AS is_to_come,
  CASE WHEN supply_daily.day IS NULL THEN CAST(0 AS DECIMAL(38, 18)) ELSE supply_daily.supply END AS supply,
  CASE WHEN supply_daily.day IS NULL THEN CAST(0 AS DECIMAL(38, 18)) ELSE supply_daily.circulating END AS circulating,
  COALESCE(supply_daily.excluded_bridge_locker, CAST(0 AS DECIMAL(38, 18))) AS locked,
  COALESCE(supply_daily.held_by_other_products, CAST(0 AS DECIMAL(38, 18))) AS held_by_other_products,
  supply_daily.nav AS nav,
  supply_daily.nav_effective_at AS nav_effective_at,
  supply_daily.nav_currency AS nav_currency,
  supply_daily.nav_kind AS nav_kind,
  supply_daily.day IS NULL OR supply_daily.published_at IS NOT NULL AS is_published,
  supply_daily.published_at AS published_at,
  CASE
    WHEN NOT places.is_here THEN NULL
    WHEN supply_daily.day IS NOT NULL
      THEN CASE
        WHEN supply_daily.supply IS NULL
          THEN CONCAT(places.token, ' on ', places.chain, ': ', COALESCE(supply_daily.why_null, 'not known'))
      END
    WHEN places.why_null IS NOT NULL THEN CONCAT(places.token, ' on ', places.chain, ': ', places.why_null)
    WHEN places.covered_until < product_days.ends_at - INTERVAL '1' SECOND
      THEN CONCAT(places.token, ' on ', places.chain, ': the day is not over at the frontier')
  END AS supply_why_null,
  CASE
    WHEN places.is_here AND supply_daily.day IS NOT NULL AND supply_daily.circulating IS NULL
      THEN CONCAT(places.token, ' on ', places.chain, ': ', COALESCE(supply_daily.why_null, 'not known'))
  END AS circulating_why_null
FROM product_days
INNER JOIN places ON places.product = product_days.product
LEFT JOIN supply_daily
  ON supply_daily.token = places.token
  AND supply_daily.chain_id = places.chain_id
  AND supply_daily.day = product_days.day
