-- Days on which opening + movements + rounding is not closing. Compared where every figure is known.
SELECT
  supply_rollforward.token AS token,
  supply_rollforward.chain_id AS chain_id,
  CONCAT(
    'on ', CAST(supply_rollforward.day AS VARCHAR), ' (', supply_rollforward.basis, ') opening ',
    CAST(supply_rollforward.opening AS VARCHAR),
    ' and the movements do not make closing ', CAST(supply_rollforward.closing AS VARCHAR)
  ) AS detail
FROM supply_rollforward
WHERE supply_rollforward.opening
  + supply_rollforward.issued
  + supply_rollforward.redeemed
  + supply_rollforward.distributed
  + supply_rollforward.rebased
  + supply_rollforward.fees
  + supply_rollforward.bridged_in
  + supply_rollforward.bridged_out
  + supply_rollforward.swapped_in
  + supply_rollforward.swapped_out
  + supply_rollforward.forced
  + supply_rollforward.migrated
  + supply_rollforward.reversed
  + supply_rollforward.adjusted
  + supply_rollforward.premint_retire
  + supply_rollforward.float_out_in
  + supply_rollforward.unclassified
  + supply_rollforward.rounding
  <> supply_rollforward.closing
