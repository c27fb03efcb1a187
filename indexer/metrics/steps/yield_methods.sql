-- How a token earns on a chain, and so which observations its index is made of: `multiplier` where steps turn units
-- into token units, `distribution` where yield is paid in new units, else `nav`. Where both happen no index is made.
-- may_pay marks tokens that pay in new units without an event: there a price that stands still says nothing.
-- grain: token, chain · kind: step, not stored
WITH stepped AS (
  SELECT DISTINCT rebases.token, rebases.chain_id FROM rebases
),

paid AS (
  SELECT DISTINCT distributions.token, distributions.chain_id FROM distributions
)

SELECT
  derivations.token AS token,
  derivations.chain_id AS chain_id,
  CASE
    WHEN stepped.token IS NOT NULL THEN 'multiplier'
    WHEN tokens.accrual IN ('share_rebase', 'price_rebase', 'multiplier_rebase', 'timed_rebase') THEN 'multiplier'
    WHEN tokens.accrual IN ('nav', 'erc4626') THEN 'nav'
    WHEN paid.token IS NOT NULL OR tokens.accrual = 'distribution' THEN 'distribution'
    ELSE 'nav'
  END AS method,
  COALESCE(tokens.accrual = 'dstoken', FALSE) AS may_pay,
  CASE
    WHEN stepped.token IS NOT NULL AND paid.token IS NOT NULL
      THEN 'it is paid by the multiplier and in new units at once, and of both no index is made'
  END AS why_null
FROM derivations
LEFT JOIN tokens ON tokens.token = derivations.token
LEFT JOIN stepped ON stepped.token = derivations.token AND stepped.chain_id = derivations.chain_id
LEFT JOIN paid ON paid.token = derivations.token AND paid.chain_id = derivations.chain_id
