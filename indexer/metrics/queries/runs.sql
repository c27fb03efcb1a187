-- Where the tokens live and how far each is derived there; NULLs where it is not indexed.
-- grain: token, chain
SELECT
  deployments.token AS token,
  deployments.chain_id AS chain_id,
  MAX(deployments.chain) AS chain,
  MAX(deployments.decimals) AS decimals,
  MAX(derivations.first_block) AS first_block,
  MAX(derivations.frontier_block) AS frontier_block,
  MAX(derivations.frontier_time) AS frontier_time,
  MAX(derivations.covered_until) AS covered_until,
  MAX(
    COALESCE(
      derivations.why_null,
      CASE WHEN NOT derivations.holds_start THEN 'history starts before the first covered block' END
    )
  ) AS why_null
FROM deployments
LEFT JOIN derivations
  ON derivations.token = deployments.token AND derivations.chain_id = deployments.chain_id
WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), deployments.token)
  AND ($chain_ids IS NULL OR LIST_CONTAINS(CAST($chain_ids AS VARCHAR[]), deployments.chain_id))
GROUP BY deployments.token, deployments.chain_id
ORDER BY deployments.token, deployments.chain_id
