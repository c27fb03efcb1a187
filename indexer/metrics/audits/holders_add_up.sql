-- Days on which the addresses of the day before, those that entered and those that exited do not make the addresses,
-- or with more holders than addresses were ever named.
SELECT
  chained.token AS token,
  chained.chain_id AS chain_id,
  CONCAT('on ', CAST(chained.day AS VARCHAR), ' addresses do not follow from the day before') AS detail
FROM (
  SELECT
    holders_daily.token,
    holders_daily.chain_id,
    holders_daily.day,
    holders_daily.addresses,
    holders_daily.holders,
    holders_daily.entered,
    holders_daily.exited,
    LAG(holders_daily.addresses) OVER (
      PARTITION BY holders_daily.token, holders_daily.chain_id ORDER BY holders_daily.day
    ) AS addresses_before
  FROM holders_daily
) AS chained
LEFT JOIN (
  SELECT balances.token, COUNT(*) AS addresses
  FROM balances
  GROUP BY balances.token
) AS named
  ON named.token = chained.token
WHERE chained.addresses_before + chained.entered - chained.exited <> chained.addresses
  OR chained.holders NOT BETWEEN 0 AND COALESCE(named.addresses, 0)
