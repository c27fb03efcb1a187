-- What each address that may not circulate holds up to the cut, in units; `is_excluded` where its role at that time
-- says so. One row without an address says whether any role is configured at all. See steps/named_days.sql.
-- grain: address
WITH listed AS (
  SELECT
    address_roles.address,
    (
      address_roles.role IN ('redeem_wallet', 'burner', 'issuer_float')
      OR (
        address_roles.role = 'bridge_locker'
        AND EXISTS (
          SELECT 1 AS is_copied
          FROM deployments
          WHERE deployments.token = $token
            AND deployments.chain_id <> $chain_id
            AND deployments.kind = 'lock_release_copy'
            AND deployments.status = 'indexed'
        )
      )
    )
    AND (address_roles.from_time IS NULL OR address_roles.from_time <= $until)
    AND (address_roles.to_time IS NULL OR address_roles.to_time > $until) AS is_excluded
  FROM address_roles
  WHERE address_roles.token = $token AND address_roles.chain_id = $chain_id
),

named AS (
  SELECT listed.address FROM listed WHERE listed.is_excluded GROUP BY listed.address
),

kept AS (
  SELECT transfers.effect, transfers.from_address, transfers.to_address, transfers.units
  FROM transfers
  WHERE transfers.token = $token
    AND transfers.chain_id = $chain_id
    AND CASE WHEN $block IS NULL THEN transfers.block_time <= $until ELSE transfers.block_number <= $block END
),

legs AS (
  SELECT kept.to_address AS address, kept.units
  FROM kept
  INNER JOIN named ON named.address = kept.to_address
  WHERE kept.effect IN ('mint', 'move')
  UNION ALL
  SELECT kept.from_address AS address, -kept.units
  FROM kept
  INNER JOIN named ON named.address = kept.from_address
  WHERE kept.effect IN ('burn', 'move')
)

SELECT legs.address AS address, SUM(legs.units) AS units
FROM legs
GROUP BY legs.address
UNION ALL
SELECT NULL AS address, COUNT(*) AS units
FROM listed
ORDER BY address NULLS FIRST
