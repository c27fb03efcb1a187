-- What each address that an entry ever named holds at the frontier, zero included. See balance_days for the balance.
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

held AS (
  SELECT
    seen.token,
    seen.chain_id,
    seen.holder,
    seen.first_seen,
    seen.last_active,
    frontiers.frontier_block,
    CASE WHEN frontiers.holdings_why_null IS NULL THEN holder_days.units END AS units,
    CASE
      WHEN frontiers.holdings_why_null IS NOT NULL OR frontiers.supply_raw IS NULL THEN NULL
      WHEN frontiers.numerator = frontiers.denominator AND frontiers.addend = 0 THEN holder_days.units
      ELSE exact_balance(holder_days.units, frontiers.numerator, frontiers.denominator, frontiers.addend)
    END AS balance_raw,
    COALESCE(frontiers.holdings_why_null, frontiers.why_null) AS why_null
  FROM seen
  INNER JOIN holder_days
    ON holder_days.token = seen.token
    AND holder_days.chain_id = seen.chain_id
    AND holder_days.holder = seen.holder
    AND holder_days.day = seen.last_day
  INNER JOIN frontiers ON frontiers.token = seen.token AND frontiers.chain_id = seen.chain_id
)

SELECT
  held.token AS token,
  held.chain_id AS chain_id,
  scales.contract AS contract,
  held.holder AS holder,
  held.units AS units,
  CASE WHEN held.balance_raw <= scales.largest THEN held.balance_raw * scales.base_unit END AS balance,
  roles.role AS role,
  held.first_seen AS first_seen,
  held.last_active AS last_active,
  held.frontier_block AS as_of_block,
  CASE
    WHEN held.why_null IS NOT NULL THEN held.why_null
    WHEN held.balance_raw IS NULL THEN 'there are no units to share the supply by'
    WHEN held.balance_raw > scales.largest THEN 'the balance passes 38 digits with 18 decimals'
  END AS why_null
FROM held
LEFT JOIN scales ON scales.token = held.token AND scales.chain_id = held.chain_id
LEFT JOIN roles
  ON roles.token = held.token AND roles.chain_id = held.chain_id AND roles.address = held.holder
