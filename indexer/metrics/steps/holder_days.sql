-- What each address holds after each day on which an entry names it, and by how much that day changed it: mints
-- credit, burns debit, moves do both, whatever the addresses are (some tokens really mint to the zero address). Holes
-- of the ledger are masked by the readers of this step, not here.
-- grain: token, chain, holder, day · kind: step, not stored
WITH legs AS (
  SELECT entries.token, entries.chain_id, entries.to_address AS holder, entries.day, entries.block_time, entries.units
  FROM entries
  WHERE entries.effect IN ('mint', 'move')
  UNION ALL
  SELECT
    entries.token, entries.chain_id, entries.from_address AS holder, entries.day, entries.block_time, -entries.units
  FROM entries
  WHERE entries.effect IN ('burn', 'move')
),

moved AS (
  SELECT
    legs.token,
    legs.chain_id,
    legs.holder,
    legs.day,
    MIN(legs.block_time) AS first_at,
    MAX(legs.block_time) AS last_at,
    SUM(legs.units) AS units,
    MAX(CASE WHEN legs.units = 0 THEN 0 ELSE 1 END) = 1 AS has_change
  FROM legs
  GROUP BY legs.token, legs.chain_id, legs.holder, legs.day
)

SELECT
  moved.token AS token,
  moved.chain_id AS chain_id,
  moved.holder AS holder,
  moved.day AS day,
  moved.first_at AS first_at,
  moved.last_at AS last_at,
  moved.has_change AS has_change,
  COALESCE(moved.units, 0) AS change,
  SUM(COALESCE(moved.units, 0)) OVER (
    PARTITION BY moved.token, moved.chain_id, moved.holder
    ORDER BY moved.day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS units
FROM moved
