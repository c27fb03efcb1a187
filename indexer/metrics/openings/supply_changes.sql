-- Changes of supply from a cut on; the last one before stands at the close before it.
-- grain: change
WITH last_times AS (
  SELECT supply_changes.token, supply_changes.chain_id, MAX(supply_changes.effective_at) AS effective_at
  FROM supply_changes
  INNER JOIN cuts ON cuts.token = supply_changes.token AND cuts.chain_id = supply_changes.chain_id
  WHERE supply_changes.effective_at < cuts.starts_at
  GROUP BY supply_changes.token, supply_changes.chain_id
),

ranked AS (
  SELECT
    supply_changes.*,
    cuts.closes_at,
    supply_changes.effective_at >= cuts.starts_at AS is_since,
    ROW_NUMBER() OVER (
      PARTITION BY supply_changes.token, supply_changes.chain_id, supply_changes.effective_at >= cuts.starts_at
      ORDER BY
        supply_changes.effective_at DESC,
        supply_changes.block_number DESC NULLS LAST,
        supply_changes.log_index DESC NULLS LAST
    ) AS age
  FROM supply_changes
  INNER JOIN cuts ON cuts.token = supply_changes.token AND cuts.chain_id = supply_changes.chain_id
  LEFT JOIN last_times
    ON last_times.token = supply_changes.token AND last_times.chain_id = supply_changes.chain_id
  WHERE supply_changes.effective_at >= COALESCE(last_times.effective_at, cuts.starts_at)
)

SELECT
  ranked.* EXCLUDE (closes_at, is_since, age)
  REPLACE (CASE WHEN ranked.is_since THEN ranked.effective_at ELSE ranked.closes_at END AS effective_at)
FROM ranked
WHERE ranked.is_since OR ranked.age = 1
