-- Tokens whose holders beneficially own more or less than the balances sum to, where all of them are known, and
-- addresses that would own less than nothing though their balance is not negative.
WITH summed AS (
  SELECT
    balances.token,
    balances.chain_id,
    COUNT(*) = COUNT(balances.balance) AND COUNT(*) = COUNT(balances.beneficial) AS is_known,
    COALESCE(SUM(CAST(balances.balance AS DOUBLE)) < 9e19, TRUE) AS fits
  FROM balances
  GROUP BY balances.token, balances.chain_id
)

SELECT
  summed.token AS token,
  summed.chain_id AS chain_id,
  CONCAT(
    'the balances are ', CAST(SUM(balances.balance) AS VARCHAR), ' together, what is owned beneficially ',
    CAST(SUM(balances.beneficial) AS VARCHAR)
  ) AS detail
FROM summed
INNER JOIN balances ON balances.token = summed.token AND balances.chain_id = summed.chain_id
WHERE summed.is_known AND summed.fits
GROUP BY summed.token, summed.chain_id
HAVING SUM(balances.balance) <> SUM(balances.beneficial)
UNION ALL
SELECT
  balances.token AS token,
  balances.chain_id AS chain_id,
  CONCAT(balances.holder, ' beneficially owns ', CAST(balances.beneficial AS VARCHAR)) AS detail
FROM balances
WHERE balances.beneficial < 0 AND balances.balance >= 0
