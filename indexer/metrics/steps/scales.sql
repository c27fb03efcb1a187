-- How base units become token units on each chain: one base unit, and the most base units that fit DECIMAL(38,18).
-- Multiplying by a decimal of one base unit is exact; dividing would give a DOUBLE.
-- grain: token, chain · kind: step, not stored
SELECT
  deployments.token AS token,
  deployments.chain_id AS chain_id,
  MAX(deployments.address) AS contract,
  CAST(
    CASE
      WHEN MAX(deployments.decimals) = 0 THEN '1'
      ELSE CONCAT('0.', REPEAT('0', MAX(deployments.decimals) - 1), '1')
    END AS DECIMAL(38, 18)
  ) AS base_unit,
  CAST(REPEAT('9', 20 + MAX(deployments.decimals)) AS DECIMAL(38, 0)) AS largest
FROM deployments
WHERE deployments.decimals IS NOT NULL
GROUP BY deployments.token, deployments.chain_id
