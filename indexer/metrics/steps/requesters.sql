-- Addresses that hold nothing at the close of a day but what they have behind an escrow, which is still theirs; on
-- chain `all` those that hold nothing on any chain. With a role that makes it no holder, an address does not count.
-- grain: token, chain or `all`, day · kind: step, not stored
WITH behind AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.ends_at,
    COALESCE(closes.min_units, 1) AS min_units,
    escrow_claims.holder,
    SUM(escrow_claims.units) AS units
  FROM escrow_claims
  INNER JOIN closes
    ON closes.token = escrow_claims.token
    AND closes.chain_id = escrow_claims.chain_id
    AND closes.day >= escrow_claims.day
    AND (escrow_claims.until_day IS NULL OR closes.day < escrow_claims.until_day)
  INNER JOIN escrow_days
    ON escrow_days.token = escrow_claims.token
    AND escrow_days.chain_id = escrow_claims.chain_id
    AND escrow_days.escrow = escrow_claims.escrow
    AND escrow_days.day = closes.day
    AND escrow_days.stands
  WHERE escrow_claims.units > 0
  GROUP BY
    closes.token,
    closes.chain_id,
    closes.day,
    closes.ends_at,
    closes.min_units,
    escrow_claims.holder
),

spells AS (
  SELECT
    held_changes.token,
    held_changes.chain_id,
    held_changes.holder,
    held_changes.day,
    held_changes.change,
    LEAD(held_changes.day) OVER (
      PARTITION BY held_changes.token, held_changes.chain_id, held_changes.holder ORDER BY held_changes.day
    ) AS until_day
  FROM held_changes
  INNER JOIN (SELECT DISTINCT behind.token, behind.holder FROM behind) AS named
    ON named.token = held_changes.token AND named.holder = held_changes.holder
),

counted AS (
  SELECT behind.token, behind.chain_id, behind.day, behind.holder
  FROM behind
  WHERE behind.units >= behind.min_units
    AND NOT EXISTS (
      SELECT 1 AS has_role
      FROM address_roles
      WHERE address_roles.token = behind.token
        AND address_roles.chain_id = behind.chain_id
        AND address_roles.address = behind.holder
        AND address_roles.role IN (
          'issuer_float', 'burner', 'bridge_locker', 'redeem_wallet', 'escrow', 'wrapper'
        )
        AND (address_roles.from_time IS NULL OR address_roles.from_time < behind.ends_at)
        AND (address_roles.to_time IS NULL OR address_roles.to_time >= behind.ends_at)
    )
),

places AS (
  SELECT counted.token, counted.chain_id, counted.day, counted.holder FROM counted
  UNION ALL
  SELECT DISTINCT counted.token, 'all' AS chain_id, counted.day, counted.holder FROM counted
)

SELECT places.token AS token, places.chain_id AS chain_id, places.day AS day, COUNT(*) AS requesters
FROM places
LEFT JOIN spells
  ON spells.token = places.token
  AND spells.chain_id = places.chain_id
  AND spells.holder = places.holder
  AND spells.change > 0
  AND spells.day <= places.day
  AND (spells.until_day IS NULL OR spells.until_day > places.day)
WHERE spells.holder IS NULL
GROUP BY places.token, places.chain_id, places.day
