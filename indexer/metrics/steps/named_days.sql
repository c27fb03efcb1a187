-- What each address of the configured roles holds at every close, in base units, and the one role that decides there
-- whether it circulates. Of several roles at once the first counts: redeem_wallet, bridge_locker, burner, issuer_float,
-- then a reserve of another product. A locker counts only where a copy of the token is indexed on another chain, since
-- the copy then circulates in its stead; escrow has no say, because what is in escrow still belongs to who asked.
-- grain: token, chain, address, day · kind: step, not stored
WITH copies AS (
  SELECT DISTINCT deployments.token, deployments.chain_id
  FROM deployments
  WHERE deployments.kind = 'lock_release_copy' AND deployments.status = 'indexed'
),

ranked AS (
  SELECT
    address_roles.token,
    address_roles.chain_id,
    address_roles.address,
    address_roles.role,
    address_roles.from_time,
    address_roles.to_time,
    CASE
      WHEN address_roles.role = 'redeem_wallet' THEN 1
      WHEN address_roles.role = 'bridge_locker' THEN 2
      WHEN address_roles.role = 'burner' THEN 3
      WHEN address_roles.role = 'issuer_float' THEN 4
      ELSE 5
    END AS place
  FROM address_roles
  LEFT JOIN tokens ON tokens.token = address_roles.token
  WHERE address_roles.role IN ('redeem_wallet', 'burner', 'issuer_float')
    OR (
      address_roles.role LIKE 'reserve_of:%'
      AND address_roles.role <> CONCAT('reserve_of:', COALESCE(tokens.product, ''))
    )
    OR (
      address_roles.role = 'bridge_locker'
      AND EXISTS (
        SELECT 1 AS is_copied
        FROM copies
        WHERE copies.token = address_roles.token AND copies.chain_id <> address_roles.chain_id
      )
    )
),

listed AS (
  SELECT DISTINCT ranked.token, ranked.chain_id, ranked.address FROM ranked
),

held AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.ends_at,
    listed.address,
    SUM(COALESCE(holder_days.change, CAST(0 AS DECIMAL(38, 0)))) OVER (
      PARTITION BY closes.token, closes.chain_id, listed.address
      ORDER BY closes.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS units,
    closes.numerator,
    closes.denominator,
    closes.addend
  FROM closes
  INNER JOIN listed ON listed.token = closes.token AND listed.chain_id = closes.chain_id
  LEFT JOIN holder_days
    ON holder_days.token = closes.token
    AND holder_days.chain_id = closes.chain_id
    AND holder_days.holder = listed.address
    AND holder_days.day = closes.day
),

decided AS (
  SELECT
    held.token,
    held.chain_id,
    held.day,
    held.address,
    held.units,
    held.numerator,
    held.denominator,
    held.addend,
    MIN(ranked.place) AS place
  FROM held
  INNER JOIN ranked
    ON ranked.token = held.token
    AND ranked.chain_id = held.chain_id
    AND ranked.address = held.address
    AND (ranked.from_time IS NULL OR ranked.from_time < held.ends_at)
    AND (ranked.to_time IS NULL OR ranked.to_time >= held.ends_at)
  WHERE held.units <> 0
  GROUP BY
    held.token,
    held.chain_id,
    held.day,
    held.address,
    held.units,
    held.numerator,
    held.denominator,
    held.addend
)

SELECT
  decided.token AS token,
  decided.chain_id AS chain_id,
  decided.day AS day,
  decided.address AS address,
  decided.place AS place,
  CASE
    WHEN decided.numerator = decided.denominator AND decided.addend = 0 THEN decided.units
    ELSE exact_balance(decided.units, decided.numerator, decided.denominator, decided.addend)
  END AS balance_raw
FROM decided
