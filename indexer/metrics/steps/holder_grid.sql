-- The days for which holders are counted: those of each chain and, as chain `all`, those of the token. The whole token
-- has rows once every deployment that the configuration indexes is derived, and a figure where every chain that it
-- lives on has one. Before its first event a chain has no holders.
-- grain: token, chain or `all`, day · kind: step, not stored
WITH waiting AS (
  SELECT DISTINCT deployments.token
  FROM deployments
  LEFT JOIN derivations
    ON derivations.token = deployments.token AND derivations.chain_id = deployments.chain_id
  WHERE deployments.status = 'indexed' AND derivations.token IS NULL
),

token_days AS (
  SELECT DISTINCT closes.token, closes.day, closes.ends_at
  FROM closes
  LEFT JOIN waiting ON waiting.token = closes.token
  WHERE waiting.token IS NULL
),

cells AS (
  SELECT
    token_days.token,
    token_days.day,
    COALESCE(closes.coverage, 'full') AS coverage,
    closes.day IS NULL OR closes.published_at IS NOT NULL AS is_published,
    closes.published_at,
    CASE
      WHEN closes.day IS NOT NULL THEN COALESCE(closes.why_null, closes.holdings_why_null)
      WHEN derivations.token IS NULL AND deployments.start_day > token_days.day THEN NULL
      WHEN derivations.token IS NULL
        THEN CONCAT('the token also lives on ', deployments.chain, ', which is not indexed here')
      WHEN derivations.why_null IS NOT NULL THEN derivations.why_null
      WHEN derivations.covered_until < token_days.ends_at - INTERVAL '1' SECOND
        THEN CONCAT('the day is not over at the frontier of ', deployments.chain)
    END AS why_null
  FROM token_days
  INNER JOIN deployments ON deployments.token = token_days.token
  LEFT JOIN derivations
    ON derivations.token = deployments.token AND derivations.chain_id = deployments.chain_id
  LEFT JOIN closes
    ON closes.token = deployments.token
    AND closes.chain_id = deployments.chain_id
    AND closes.day = token_days.day
)

SELECT
  closes.token AS token,
  closes.chain_id AS chain_id,
  closes.day AS day,
  closes.coverage AS coverage,
  closes.published_at AS published_at,
  COALESCE(closes.why_null, closes.holdings_why_null) AS why_null
FROM closes
UNION ALL
SELECT
  cells.token AS token,
  'all' AS chain_id,
  cells.day AS day,
  CASE WHEN MAX(CASE WHEN cells.coverage = 'full' AND cells.why_null IS NULL THEN 0 ELSE 1 END) = 0
    THEN 'full' ELSE 'partial' END AS coverage,
  CASE WHEN MIN(CASE WHEN cells.is_published THEN 1 ELSE 0 END) = 1 THEN MAX(cells.published_at) END AS published_at,
  MIN(cells.why_null) AS why_null
FROM cells
GROUP BY cells.token, cells.day
