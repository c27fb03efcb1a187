-- What each address that an entry ever named holds at the frontier, zero included; see balance_days for the balance.
-- escrowed is what it has behind escrows (steps/escrow_claims.sql), each claim turned by the rate and cut; beneficial,
-- what it owns in the end, is that beside its balance. An escrow owns what no claim explains, so that together the
-- beneficial figures are the balances. Where claims behind an escrow pass what it holds, none is attributed.
-- grain: token, chain, holder · kind: stock
WITH seen AS (
  SELECT
    holder_days.token,
    holder_days.chain_id,
    holder_days.holder,
    MIN(holder_days.first_at) AS first_seen,
    MAX(holder_days.last_at) AS last_active,
    MAX(holder_days.day) AS last_day
  FROM holder_days
  GROUP BY holder_days.token, holder_days.chain_id, holder_days.holder
),

last_points AS (
  SELECT supply_points.token, supply_points.chain_id, MAX(supply_points.point) AS point
  FROM supply_points
  GROUP BY supply_points.token, supply_points.chain_id
),

frontiers AS (
  SELECT
    derivations.token,
    derivations.chain_id,
    derivations.frontier_block,
    derivations.frontier_time,
    supply_points.supply_raw,
    supply_points.units,
    supply_points.numerator,
    supply_points.denominator,
    supply_points.addend,
    COALESCE(derivations.why_null, supply_points.why_null) AS why_null,
    COALESCE(
      derivations.why_null,
      CASE WHEN supply_points.units IS NULL THEN COALESCE(supply_points.why_null, 'the supply is not known') END,
      unit_gaps.why_null
    ) AS holdings_why_null
  FROM derivations
  LEFT JOIN last_points
    ON last_points.token = derivations.token AND last_points.chain_id = derivations.chain_id
  LEFT JOIN supply_points
    ON supply_points.token = last_points.token
    AND supply_points.chain_id = last_points.chain_id
    AND supply_points.point = last_points.point
  LEFT JOIN unit_gaps ON unit_gaps.token = derivations.token AND unit_gaps.chain_id = derivations.chain_id
),

roles AS (
  SELECT
    named.token,
    named.chain_id,
    named.address,
    STRING_AGG(named.role, ', ' ORDER BY named.role) AS role
  FROM (
    SELECT DISTINCT address_roles.token, address_roles.chain_id, address_roles.address, address_roles.role
    FROM address_roles
    INNER JOIN derivations
      ON derivations.token = address_roles.token
      AND derivations.chain_id = address_roles.chain_id
      AND (address_roles.from_time IS NULL OR address_roles.from_time <= derivations.frontier_time)
      AND (address_roles.to_time IS NULL OR address_roles.to_time > derivations.frontier_time)
  ) AS named
  GROUP BY named.token, named.chain_id, named.address
),

entities AS (
  SELECT
    entity_wallets.token,
    entity_wallets.chain_id,
    entity_wallets.wallet,
    STRING_AGG(DISTINCT entity_wallets.entity, ', ' ORDER BY entity_wallets.entity) AS entity
  FROM entity_wallets
  INNER JOIN derivations
    ON derivations.token = entity_wallets.token
    AND derivations.chain_id = entity_wallets.chain_id
    AND entity_wallets.from_block <= derivations.frontier_block
    AND (entity_wallets.to_block IS NULL OR entity_wallets.to_block >= derivations.frontier_block)
  GROUP BY entity_wallets.token, entity_wallets.chain_id, entity_wallets.wallet
),

claims AS (
  SELECT
    escrow_claims.token,
    escrow_claims.chain_id,
    escrow_claims.escrow,
    escrow_claims.holder,
    CASE
      WHEN frontiers.numerator = frontiers.denominator AND frontiers.addend = 0 THEN escrow_claims.units
      ELSE
        exact_balance(
          escrow_claims.units, frontiers.numerator, frontiers.denominator, CAST(0 AS DECIMAL(38, 0))
        )
    END AS claim_raw
  FROM escrow_claims
  INNER JOIN escrow_days
    ON escrow_days.token = escrow_claims.token
    AND escrow_days.chain_id = escrow_claims.chain_id
    AND escrow_days.escrow = escrow_claims.escrow
    AND escrow_days.is_last
    AND escrow_days.stands
  INNER JOIN frontiers
    ON frontiers.token = escrow_claims.token AND frontiers.chain_id = escrow_claims.chain_id
  WHERE escrow_claims.until_day IS NULL AND escrow_claims.units > 0
),

asked AS (
  SELECT
    claims.token,
    claims.chain_id,
    claims.holder,
    SUM(claims.claim_raw) AS claim_raw
  FROM claims
  GROUP BY claims.token, claims.chain_id, claims.holder
),

requesters_ever AS (
  SELECT
    escrow_claims.token,
    escrow_claims.chain_id,
    escrow_claims.holder,
    MIN(escrow_claims.changed_at) AS first_seen,
    MAX(escrow_claims.changed_at) AS last_active
  FROM escrow_claims
  GROUP BY escrow_claims.token, escrow_claims.chain_id, escrow_claims.holder
),

explained AS (
  SELECT claims.token, claims.chain_id, claims.escrow, SUM(claims.claim_raw) AS claim_raw
  FROM claims
  GROUP BY claims.token, claims.chain_id, claims.escrow
),

-- A requester whose units a router put in may never have been named by an entry.
everybody AS (
  SELECT
    COALESCE(seen.token, requesters_ever.token) AS token,
    COALESCE(seen.chain_id, requesters_ever.chain_id) AS chain_id,
    COALESCE(seen.holder, requesters_ever.holder) AS holder,
    COALESCE(seen.first_seen, requesters_ever.first_seen) AS first_seen,
    COALESCE(seen.last_active, requesters_ever.last_active) AS last_active,
    seen.last_day
  FROM seen
  FULL OUTER JOIN requesters_ever
    ON requesters_ever.token = seen.token
    AND requesters_ever.chain_id = seen.chain_id
    AND requesters_ever.holder = seen.holder
),

held AS (
  SELECT
    everybody.token,
    everybody.chain_id,
    everybody.holder,
    everybody.first_seen,
    everybody.last_active,
    COALESCE(asked.claim_raw, CAST(0 AS DECIMAL(38, 0))) AS claim_raw,
    frontiers.frontier_block,
    CASE
      WHEN frontiers.holdings_why_null IS NULL THEN COALESCE(holder_days.units, CAST(0 AS DECIMAL(38, 0)))
    END AS units,
    CASE
      WHEN frontiers.holdings_why_null IS NOT NULL OR frontiers.supply_raw IS NULL THEN NULL
      WHEN holder_days.units IS NULL THEN CAST(0 AS DECIMAL(38, 0))
      WHEN frontiers.numerator = frontiers.denominator AND frontiers.addend = 0 THEN holder_days.units
      ELSE exact_balance(holder_days.units, frontiers.numerator, frontiers.denominator, frontiers.addend)
    END AS balance_raw,
    COALESCE(frontiers.holdings_why_null, frontiers.why_null) AS why_null
  FROM everybody
  INNER JOIN frontiers ON frontiers.token = everybody.token AND frontiers.chain_id = everybody.chain_id
  LEFT JOIN holder_days
    ON holder_days.token = everybody.token
    AND holder_days.chain_id = everybody.chain_id
    AND holder_days.holder = everybody.holder
    AND holder_days.day = everybody.last_day
  LEFT JOIN asked
    ON asked.token = everybody.token
    AND asked.chain_id = everybody.chain_id
    AND asked.holder = everybody.holder
)

SELECT
  held.token AS token,
  held.chain_id AS chain_id,
  scales.contract AS contract,
  held.holder AS holder,
  held.units AS units,
  CASE WHEN ABS(held.balance_raw) <= scales.largest THEN held.balance_raw * scales.base_unit END AS balance,
  CASE
    WHEN ABS(held.balance_raw) <= scales.largest AND ABS(held.claim_raw) <= scales.largest
      THEN held.claim_raw * scales.base_unit
  END AS escrowed,
  CASE
    WHEN ABS(held.balance_raw) <= scales.largest AND ABS(held.balance_raw) <= scales.largest - ABS(held.claim_raw)
      THEN (held.balance_raw + held.claim_raw - COALESCE(explained.claim_raw, CAST(0 AS DECIMAL(38, 0))))
        * scales.base_unit
  END AS beneficial,
  entities.entity AS entity,
  roles.role AS role,
  held.first_seen AS first_seen,
  held.last_active AS last_active,
  held.frontier_block AS as_of_block,
  CASE
    WHEN held.why_null IS NOT NULL THEN held.why_null
    WHEN held.balance_raw IS NULL THEN 'there are no units to share the supply by'
    WHEN ABS(held.balance_raw) > scales.largest THEN 'the balance passes 38 digits with 18 decimals'
  END AS why_null
FROM held
LEFT JOIN scales ON scales.token = held.token AND scales.chain_id = held.chain_id
LEFT JOIN roles
  ON roles.token = held.token AND roles.chain_id = held.chain_id AND roles.address = held.holder
LEFT JOIN entities
  ON entities.token = held.token AND entities.chain_id = held.chain_id AND entities.wallet = held.holder
LEFT JOIN explained
  ON explained.token = held.token AND explained.chain_id = held.chain_id AND explained.escrow = held.holder
