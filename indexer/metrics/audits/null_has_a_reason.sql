-- Rows in which a figure is NULL and no reason is given.
SELECT supply_daily.token AS token, supply_daily.chain_id AS chain_id,
  CONCAT('supply_daily of ', CAST(supply_daily.day AS VARCHAR)) AS detail
FROM supply_daily
WHERE supply_daily.why_null IS NULL
  AND (supply_daily.units IS NULL OR supply_daily.supply IS NULL OR supply_daily.multiplier IS NULL
    OR supply_daily.circulating IS NULL OR supply_daily.nav IS NULL OR supply_daily.nav_effective_at IS NULL
    OR supply_daily.nav_stale IS NULL OR supply_daily.value IS NULL OR supply_daily.value_usd IS NULL)
UNION ALL
SELECT supply_rollforward.token AS token, supply_rollforward.chain_id AS chain_id,
  CONCAT('supply_rollforward of ', CAST(supply_rollforward.day AS VARCHAR)) AS detail
FROM supply_rollforward
WHERE supply_rollforward.why_null IS NULL
  AND supply_rollforward.opening + supply_rollforward.closing + supply_rollforward.rounding
    + supply_rollforward.issued + supply_rollforward.redeemed + supply_rollforward.distributed
    + supply_rollforward.rebased + supply_rollforward.fees + supply_rollforward.bridged_in
    + supply_rollforward.bridged_out + supply_rollforward.swapped_in + supply_rollforward.swapped_out
    + supply_rollforward.forced + supply_rollforward.migrated + supply_rollforward.reversed
    + supply_rollforward.adjusted + supply_rollforward.premint_retire + supply_rollforward.float_out_in
    + supply_rollforward.unclassified IS NULL
UNION ALL
SELECT holders_daily.token AS token, holders_daily.chain_id AS chain_id,
  CONCAT('holders_daily of ', CAST(holders_daily.day AS VARCHAR)) AS detail
FROM holders_daily
WHERE holders_daily.why_null IS NULL
  AND (
    holders_daily.addresses IS NULL OR holders_daily.holders IS NULL OR holders_daily.entered IS NULL
    OR holders_daily.exited IS NULL OR holders_daily.top1_share IS NULL OR holders_daily.top5_share IS NULL
    OR holders_daily.top10_share IS NULL OR holders_daily.top50_share IS NULL OR holders_daily.hhi IS NULL
    OR holders_daily.gini IS NULL OR holders_daily.nakamoto IS NULL OR holders_daily.lower_bound IS NULL
    OR holders_daily.omnibus_share IS NULL OR holders_daily.entities IS NULL
  )
UNION ALL
SELECT flows_daily.token AS token, flows_daily.chain_id AS chain_id,
  CONCAT('flows_daily of ', CAST(flows_daily.day AS VARCHAR)) AS detail
FROM flows_daily
WHERE flows_daily.why_null IS NULL
  AND (
    flows_daily.amount IS NULL OR flows_daily.minted IS NULL OR flows_daily.burned IS NULL
    OR flows_daily.value_usd IS NULL
  )
UNION ALL
SELECT activity_daily.token AS token, activity_daily.chain_id AS chain_id,
  CONCAT('activity_daily of ', CAST(activity_daily.day AS VARCHAR)) AS detail
FROM activity_daily
WHERE activity_daily.why_null IS NULL
  AND (
    activity_daily.volume_raw IS NULL OR activity_daily.volume_adjusted IS NULL OR activity_daily.turnover_30d IS NULL
  )
UNION ALL
SELECT balances.token AS token, balances.chain_id AS chain_id, CONCAT('balances of ', balances.holder) AS detail
FROM balances
WHERE balances.why_null IS NULL
  AND (
    balances.units IS NULL OR balances.balance IS NULL OR balances.escrowed IS NULL OR balances.beneficial IS NULL
  )
UNION ALL
SELECT balance_days.token AS token, balance_days.chain_id AS chain_id,
  CONCAT('balance_days of ', balance_days.holder, ' on ', CAST(balance_days.day AS VARCHAR)) AS detail
FROM balance_days
WHERE balance_days.why_null IS NULL AND (balance_days.units IS NULL OR balance_days.balance IS NULL)
UNION ALL
SELECT product_daily.product AS token, 'all' AS chain_id,
  CONCAT('product_daily of ', CAST(product_daily.day AS VARCHAR)) AS detail
FROM product_daily
WHERE product_daily.why_null IS NULL
  AND (
    product_daily.supply IS NULL OR product_daily.circulating IS NULL OR product_daily.in_transit IS NULL
    OR product_daily.elsewhere IS NULL OR product_daily.held_by_other_products IS NULL
    OR product_daily.value_gross IS NULL OR product_daily.value_net IS NULL
  )
UNION ALL
SELECT yields_daily.token AS token, yields_daily.chain_id AS chain_id,
  CONCAT('yields_daily of ', CAST(yields_daily.day AS VARCHAR)) AS detail
FROM yields_daily
WHERE yields_daily.why_null IS NULL
  AND (
    yields_daily.index_value IS NULL OR yields_daily.yield_7d IS NULL OR yields_daily.yield_7d_compound IS NULL
    OR yields_daily.yield_30d IS NULL OR yields_daily.yield_30d_compound IS NULL OR yields_daily.yield_period IS NULL
  )
