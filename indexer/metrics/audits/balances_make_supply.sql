-- Tokens whose holders' units do not sum to the total units at the frontier, where all of them are known.
WITH held AS (
  SELECT
    balances.token,
    balances.chain_id,
    COUNT(*) = COUNT(balances.units) AS is_known,
    SUM(balances.units) AS units
  FROM balances
  GROUP BY balances.token, balances.chain_id
),

points AS (
  SELECT
    supply_changes.token,
    supply_changes.chain_id,
    supply_changes.units,
    ROW_NUMBER() OVER (
      PARTITION BY supply_changes.token, supply_changes.chain_id
      ORDER BY
        supply_changes.effective_at DESC,
        supply_changes.block_number DESC NULLS LAST,
        supply_changes.log_index DESC NULLS LAST
    ) AS age
  FROM supply_changes
)

SELECT
  held.token AS token,
  held.chain_id AS chain_id,
  CONCAT(
    'the holders have ', CAST(held.units AS VARCHAR), ' units at the frontier, the token ',
    CAST(points.units AS VARCHAR)
  ) AS detail
FROM held
INNER JOIN points ON points.token = held.token AND points.chain_id = held.chain_id AND points.age = 1
WHERE held.is_known AND held.units <> points.units
