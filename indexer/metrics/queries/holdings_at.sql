-- What each address named by an entry up to the cut holds there, in units, largest first; its roles at that time.
-- grain: holder
WITH kept AS (
  SELECT
    transfers.effect, transfers.from_address, transfers.to_address, transfers.units, transfers.block_time
  FROM transfers
  WHERE transfers.token = $token
    AND transfers.chain_id = $chain_id
    AND CASE WHEN $block IS NULL THEN transfers.block_time <= $until ELSE transfers.block_number <= $block END
),

legs AS (
  SELECT kept.to_address AS holder, kept.units, kept.block_time FROM kept WHERE kept.effect IN ('mint', 'move')
  UNION ALL
  SELECT kept.from_address AS holder, -kept.units, kept.block_time FROM kept WHERE kept.effect IN ('burn', 'move')
),

held AS (
  SELECT
    legs.holder,
    SUM(legs.units) AS units,
    MIN(legs.block_time) AS first_seen,
    MAX(legs.block_time) AS last_active
  FROM legs
  GROUP BY legs.holder
),

roles AS (
  SELECT address_roles.address, STRING_AGG(DISTINCT address_roles.role, ', ' ORDER BY address_roles.role) AS role
  FROM address_roles
  WHERE address_roles.token = $token
    AND address_roles.chain_id = $chain_id
    AND (address_roles.from_time IS NULL OR address_roles.from_time <= $until)
    AND (address_roles.to_time IS NULL OR address_roles.to_time > $until)
  GROUP BY address_roles.address
)

SELECT
  held.holder AS holder,
  held.units AS units,
  roles.role AS role,
  held.first_seen AS first_seen,
  held.last_active AS last_active
FROM held
LEFT JOIN roles ON roles.address = held.holder
ORDER BY held.units DESC, held.holder
