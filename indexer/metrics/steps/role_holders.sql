-- Addresses that hold but are no holders at the close of a day: issuer's float, burner, locked behind a bridge, redeem
-- wallet, escrow, wrapper, and the zero address. On chain `all`: those that hold nowhere as anything else.
-- grain: token, chain or `all`, day · kind: step, not stored
WITH excluded AS (
  SELECT
    address_roles.token,
    address_roles.chain_id,
    address_roles.address,
    address_roles.from_time,
    address_roles.to_time
  FROM address_roles
  WHERE address_roles.role IN ('issuer_float', 'burner', 'bridge_locker', 'redeem_wallet', 'escrow', 'wrapper')
  UNION ALL
  SELECT
    derivations.token,
    derivations.chain_id,
    '0x0000000000000000000000000000000000000000' AS address,
    CAST(NULL AS TIMESTAMP) AS from_time,
    CAST(NULL AS TIMESTAMP) AS to_time
  FROM derivations
),

-- An address with a role on one chain may hold without one on another, so each is followed on every chain.
named AS (
  SELECT DISTINCT excluded.token, excluded.address FROM excluded
),

held AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.ends_at,
    named.address,
    SUM(COALESCE(held_changes.change, 0)) OVER (
      PARTITION BY closes.token, closes.chain_id, named.address
      ORDER BY closes.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) > 0 AS holds
  FROM closes
  INNER JOIN named ON named.token = closes.token
  LEFT JOIN held_changes
    ON held_changes.token = closes.token
    AND held_changes.chain_id = closes.chain_id
    AND held_changes.holder = named.address
    AND held_changes.day = closes.day
),

judged AS (
  SELECT
    held.token,
    held.chain_id,
    held.day,
    held.address,
    MAX(CASE WHEN excluded.address IS NULL THEN 0 ELSE 1 END) AS is_excluded
  FROM held
  LEFT JOIN excluded
    ON excluded.token = held.token
    AND excluded.chain_id = held.chain_id
    AND excluded.address = held.address
    AND (excluded.from_time IS NULL OR excluded.from_time < held.ends_at)
    AND (excluded.to_time IS NULL OR excluded.to_time >= held.ends_at)
  WHERE held.holds
  GROUP BY held.token, held.chain_id, held.day, held.address
)

SELECT
  judged.token AS token,
  judged.chain_id AS chain_id,
  judged.day AS day,
  CAST(SUM(judged.is_excluded) AS BIGINT) AS excluded
FROM judged
GROUP BY judged.token, judged.chain_id, judged.day
UNION ALL
SELECT
  anywhere.token AS token,
  'all' AS chain_id,
  anywhere.day AS day,
  CAST(SUM(anywhere.is_excluded) AS BIGINT) AS excluded
FROM (
  SELECT judged.token, judged.day, judged.address, MIN(judged.is_excluded) AS is_excluded
  FROM judged
  GROUP BY judged.token, judged.day, judged.address
) AS anywhere
GROUP BY anywhere.token, anywhere.day
