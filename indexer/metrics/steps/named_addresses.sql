-- Addresses of the configured roles that have a say in what circulates, and each role's place: of several at once the
-- first counts: redeem_wallet, bridge_locker, burner, issuer_float, then a reserve of another product. A locker counts
-- only where a copy of the token is indexed on another chain, since the copy then circulates in its stead; escrow has
-- no say, because what is in escrow still belongs to who asked.
-- grain: token, chain, address, role and its time · kind: step, not stored
WITH copies AS (
  SELECT DISTINCT deployments.token, deployments.chain_id
  FROM deployments
  WHERE deployments.kind = 'lock_release_copy' AND deployments.status = 'indexed'
)

SELECT
  address_roles.token AS token,
  address_roles.chain_id AS chain_id,
  address_roles.address AS address,
  address_roles.from_time AS from_time,
  address_roles.to_time AS to_time,
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
