-- Addresses that hold nothing at the close of a day but what they have behind an escrow, which is still theirs; on
-- chain `all` those that hold nothing on any chain. With a role that makes it no holder, an address does not count.
-- grain: token, chain or `all`, day · kind: step, not stored
WITH spells AS (
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
  INNER JOIN (SELECT DISTINCT claim_days.token, claim_days.holder FROM claim_days) AS named
    ON named.token = held_changes.token AND named.holder = held_changes.holder
),

counted AS (
  SELECT claim_days.token, claim_days.chain_id, claim_days.day, claim_days.holder
  FROM claim_days
  WHERE NOT EXISTS (
    SELECT 1 AS has_role
    FROM address_roles
    WHERE address_roles.token = claim_days.token
      AND address_roles.chain_id = claim_days.chain_id
      AND address_roles.address = claim_days.holder
      AND address_roles.role IN (
        'issuer_float', 'burner', 'bridge_locker', 'redeem_wallet', 'escrow', 'wrapper'
      )
      AND (address_roles.from_time IS NULL OR address_roles.from_time < claim_days.ends_at)
      AND (address_roles.to_time IS NULL OR address_roles.to_time >= claim_days.ends_at)
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
