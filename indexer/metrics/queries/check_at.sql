-- The newest check up to the cut that decides something, and whether anything changed between it and the cut.
-- grain: one row
WITH newest AS (
  SELECT certificates.verdict, certificates.block_number, certificates.block_time
  FROM certificates
  WHERE certificates.token = $token
    AND certificates.chain_id = $chain_id
    AND certificates.verdict IN ('pass', 'pass_within', 'fail')
    AND CASE
      WHEN $block IS NULL THEN certificates.block_time <= $until
      ELSE certificates.block_number <= $block
    END
  ORDER BY certificates.block_number DESC, certificates.fetched_at DESC
  LIMIT 1
),

changes AS (
  SELECT transfers.block_number, transfers.block_time AS happened_at
  FROM transfers
  WHERE transfers.token = $token AND transfers.chain_id = $chain_id
  UNION ALL
  SELECT supply_changes.block_number, supply_changes.effective_at AS happened_at
  FROM supply_changes
  WHERE supply_changes.token = $token AND supply_changes.chain_id = $chain_id
)

SELECT
  newest.verdict = 'fail' AS has_failed,
  EXISTS (
    SELECT 1 AS is_later
    FROM changes
    WHERE (changes.happened_at > newest.block_time OR changes.block_number > newest.block_number)
      AND CASE
        WHEN $block IS NULL OR changes.block_number IS NULL THEN changes.happened_at <= $until
        ELSE changes.block_number <= $block
      END
  ) AS has_changed
FROM newest
