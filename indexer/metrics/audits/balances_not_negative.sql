-- Addresses that would hold less than nothing at a close or at the frontier.
SELECT
  balance_days.token AS token,
  balance_days.chain_id AS chain_id,
  CONCAT(
    balance_days.holder, ' holds ', CAST(balance_days.units AS VARCHAR), ' units at the close of ',
    CAST(balance_days.day AS VARCHAR)
  ) AS detail
FROM balance_days
WHERE balance_days.units < 0
UNION ALL
SELECT
  balances.token AS token,
  balances.chain_id AS chain_id,
  CONCAT(balances.holder, ' holds ', CAST(balances.units AS VARCHAR), ' units at the frontier') AS detail
FROM balances
WHERE balances.units < 0
