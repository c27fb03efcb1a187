-- What each holder of steps/holders counts for in concentration after each day that changed it, in units: what it
-- holds and what it has behind escrows, each from one base unit on; nothing while it has a role that makes it no
-- holder. is_omnibus: its role says that it holds for others. entity: whom the issuer's registry joins it to.
-- All of it comes from changes alone, so that no row is made for a day on which nothing changed. Most holders have
-- neither claim, role nor entity, and of a token whose base unit always is one unit they count for what they hold.
-- grain: token, chain, holder, day with a change · kind: step, not stored
WITH roles AS (
  SELECT
    address_roles.token,
    address_roles.chain_id,
    address_roles.address,
    CASE WHEN address_roles.role = 'omnibus' THEN 0 ELSE 1 END AS excludes,
    address_roles.from_time,
    address_roles.to_time
  FROM address_roles
  WHERE address_roles.role IN (
    'issuer_float', 'burner', 'bridge_locker', 'redeem_wallet', 'escrow', 'wrapper', 'omnibus'
  )
  UNION ALL
  SELECT
    derivations.token,
    derivations.chain_id,
    '0x0000000000000000000000000000000000000000' AS address,
    1 AS excludes,
    CAST(NULL AS TIMESTAMP) AS from_time,
    CAST(NULL AS TIMESTAMP) AS to_time
  FROM derivations
),

-- A role counts from the first close at which it stands, and no more from the first close after its end.
terms AS (
  SELECT
    roles.token,
    roles.chain_id,
    roles.address,
    roles.excludes,
    MIN(CASE WHEN roles.from_time IS NULL OR roles.from_time < closes.ends_at THEN closes.day END) AS since,
    MIN(CASE WHEN roles.to_time < closes.ends_at THEN closes.day END) AS until_day
  FROM roles
  INNER JOIN closes ON closes.token = roles.token AND closes.chain_id = roles.chain_id
  GROUP BY roles.token, roles.chain_id, roles.address, roles.excludes, roles.from_time, roles.to_time
),

claimed AS (
  SELECT
    claim_days.token,
    claim_days.chain_id,
    claim_days.holder,
    claim_days.day,
    next_days.next_day,
    claim_days.units
  FROM claim_days
  INNER JOIN (
    SELECT
      closes.token,
      closes.chain_id,
      closes.day,
      LEAD(closes.day) OVER (PARTITION BY closes.token, closes.chain_id ORDER BY closes.day) AS next_day
    FROM closes
  ) AS next_days
    ON next_days.token = claim_days.token
    AND next_days.chain_id = claim_days.chain_id
    AND next_days.day = claim_days.day
),

moving AS (
  SELECT closes.token, closes.chain_id
  FROM closes
  WHERE closes.min_units <> 1
  GROUP BY closes.token, closes.chain_id
),

special AS (
  SELECT claimed.token, claimed.chain_id, claimed.holder FROM claimed
  UNION
  SELECT terms.token, terms.chain_id, terms.address AS holder FROM terms
  UNION
  SELECT entity_days.token, entity_days.chain_id, entity_days.wallet AS holder FROM entity_days
  UNION
  SELECT DISTINCT holder_days.token, holder_days.chain_id, holder_days.holder
  FROM holder_days
  INNER JOIN moving ON moving.token = holder_days.token AND moving.chain_id = holder_days.chain_id
),

changes AS (
  SELECT
    holder_days.token,
    holder_days.chain_id,
    holder_days.holder,
    holder_days.day,
    holder_days.change AS units,
    0 AS holds,
    CAST(0 AS DECIMAL(38, 0)) AS claimed,
    0 AS excluded,
    0 AS omnibus
  FROM holder_days
  INNER JOIN special
    ON special.token = holder_days.token
    AND special.chain_id = holder_days.chain_id
    AND special.holder = holder_days.holder
  WHERE holder_days.has_change
  UNION ALL
  SELECT
    held_changes.token, held_changes.chain_id, held_changes.holder, held_changes.day, 0, held_changes.change, 0, 0, 0
  FROM held_changes
  INNER JOIN special
    ON special.token = held_changes.token
    AND special.chain_id = held_changes.chain_id
    AND special.holder = held_changes.holder
  WHERE held_changes.chain_id <> 'all'
  UNION ALL
  SELECT claimed.token, claimed.chain_id, claimed.holder, claimed.day, 0, 0, claimed.units, 0, 0 FROM claimed
  UNION ALL
  SELECT claimed.token, claimed.chain_id, claimed.holder, claimed.next_day, 0, 0, -claimed.units, 0, 0
  FROM claimed
  WHERE claimed.next_day IS NOT NULL
  UNION ALL
  SELECT terms.token, terms.chain_id, terms.address, terms.since, 0, 0, 0, terms.excludes, 1 - terms.excludes
  FROM terms
  WHERE terms.since IS NOT NULL
  UNION ALL
  SELECT terms.token, terms.chain_id, terms.address, terms.until_day, 0, 0, 0, -terms.excludes, terms.excludes - 1
  FROM terms
  WHERE terms.since IS NOT NULL AND terms.until_day IS NOT NULL
  UNION ALL
  SELECT entity_days.token, entity_days.chain_id, entity_days.wallet, entity_days.since, 0, 0, 0, 0, 0
  FROM entity_days
  UNION ALL
  SELECT entity_days.token, entity_days.chain_id, entity_days.wallet, entity_days.until_day, 0, 0, 0, 0, 0
  FROM entity_days
  WHERE entity_days.until_day IS NOT NULL
),

of_day AS (
  SELECT
    changes.token,
    changes.chain_id,
    changes.holder,
    changes.day,
    SUM(changes.units) AS units,
    SUM(changes.holds) AS holds,
    SUM(changes.claimed) AS claimed,
    SUM(changes.excluded) AS excluded,
    SUM(changes.omnibus) AS omnibus
  FROM changes
  GROUP BY changes.token, changes.chain_id, changes.holder, changes.day
),

stands AS (
  SELECT
    of_day.token,
    of_day.chain_id,
    of_day.holder,
    of_day.day,
    SUM(of_day.units) OVER so_far AS units,
    SUM(of_day.holds) OVER so_far AS holds,
    SUM(of_day.claimed) OVER so_far AS claimed,
    SUM(of_day.excluded) OVER so_far AS excluded,
    SUM(of_day.omnibus) OVER so_far AS omnibus
  FROM of_day
  WINDOW so_far AS (
    PARTITION BY of_day.token, of_day.chain_id, of_day.holder
    ORDER BY of_day.day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
),

-- Of several entities at once the first by name, so that a wallet is one.
joined AS (
  SELECT stands.token, stands.chain_id, stands.holder, stands.day, MIN(entity_days.entity) AS entity
  FROM stands
  INNER JOIN entity_days
    ON entity_days.token = stands.token
    AND entity_days.chain_id = stands.chain_id
    AND entity_days.wallet = stands.holder
    AND entity_days.since <= stands.day
    AND (entity_days.until_day IS NULL OR entity_days.until_day > stands.day)
  GROUP BY stands.token, stands.chain_id, stands.holder, stands.day
)

SELECT
  stands.token AS token,
  stands.chain_id AS chain_id,
  stands.holder AS holder,
  stands.day AS day,
  CASE
    WHEN stands.excluded > 0 THEN CAST(0 AS DECIMAL(38, 0))
    WHEN stands.holds > 0 THEN stands.units + stands.claimed
    ELSE stands.claimed
  END AS units,
  stands.omnibus > 0 AS is_omnibus,
  joined.entity AS entity
FROM stands
LEFT JOIN joined
  ON joined.token = stands.token
  AND joined.chain_id = stands.chain_id
  AND joined.holder = stands.holder
  AND joined.day = stands.day
UNION ALL
SELECT
  holder_days.token AS token,
  holder_days.chain_id AS chain_id,
  holder_days.holder AS holder,
  holder_days.day AS day,
  CASE WHEN holder_days.units >= 1 THEN holder_days.units ELSE CAST(0 AS DECIMAL(38, 0)) END AS units,
  FALSE AS is_omnibus,
  CAST(NULL AS VARCHAR) AS entity
FROM holder_days
WHERE holder_days.has_change
  AND NOT EXISTS (
    SELECT 1 AS is_special
    FROM special
    WHERE special.token = holder_days.token
      AND special.chain_id = holder_days.chain_id
      AND special.holder = holder_days.holder
  )
