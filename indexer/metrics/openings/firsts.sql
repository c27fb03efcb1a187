-- When a token's first event on a chain was.
-- grain: token, chain
SELECT events.token AS token, events.chain_id AS chain_id, MIN(events.happened_at) AS first_at
FROM (
  SELECT transfers.token, transfers.chain_id, transfers.block_time AS happened_at FROM transfers
  UNION ALL
  SELECT supply_changes.token, supply_changes.chain_id, supply_changes.effective_at AS happened_at FROM supply_changes
) AS events
GROUP BY events.token, events.chain_id
