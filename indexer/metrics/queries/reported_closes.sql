-- What stands at the close of each of the days asked for, on each chain: what a report may tell.
-- grain: token, chain, day · kind: stock · unit: token units, currency of the price · day: UTC
SELECT
  supply_daily.chain_id AS chain_id,
  supply_daily.day AS day,
  supply_daily.supply AS supply,
  supply_daily.circulating AS circulating,
  supply_daily.nav AS nav,
  supply_daily.value AS value,
  holders_daily.holders AS holders,
  supply_daily.certificate AS certificate,
  supply_daily.coverage AS coverage,
  supply_daily.why_null AS why_null,
  holders_daily.why_null AS why_no_holders
FROM supply_daily
LEFT JOIN holders_daily
  ON holders_daily.token = supply_daily.token
  AND holders_daily.chain_id = supply_daily.chain_id
  AND holders_daily.day = supply_daily.day
WHERE supply_daily.token = $token
  AND supply_daily.day >= CAST($first AS DATE)
  AND supply_daily.day <= CAST($last AS DATE)
UNION ALL
SELECT
  holders_daily.chain_id AS chain_id,
  holders_daily.day AS day,
  NULL AS supply,
  NULL AS circulating,
  NULL AS nav,
  NULL AS value,
  holders_daily.holders AS holders,
  NULL AS certificate,
  holders_daily.coverage AS coverage,
  NULL AS why_null,
  holders_daily.why_null AS why_no_holders
FROM holders_daily
WHERE holders_daily.token = $token
  AND holders_daily.chain_id = 'all'
  AND holders_daily.day >= CAST($first AS DATE)
  AND holders_daily.day <= CAST($last AS DATE)
