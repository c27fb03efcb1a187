-- Supply after each change, numbered in the order of the ledger. A step by time stands before the logs of a block
-- of the same second, because that block already sees it.
-- grain: token, chain, change · kind: step, not stored
SELECT
  supply_changes.token AS token,
  supply_changes.chain_id AS chain_id,
  ROW_NUMBER() OVER (
    PARTITION BY supply_changes.token, supply_changes.chain_id
    ORDER BY
      supply_changes.effective_at,
      supply_changes.block_number NULLS FIRST,
      supply_changes.log_index NULLS FIRST
  ) AS point,
  supply_changes.effective_at AS effective_at,
  supply_changes.block_number AS block_number,
  supply_changes.units AS units,
  supply_changes.supply_raw AS supply_raw,
  supply_changes.supply AS supply,
  supply_changes.numerator AS numerator,
  supply_changes.denominator AS denominator,
  supply_changes.addend AS addend,
  supply_changes.multiplier AS multiplier,
  supply_changes.min_units AS min_units,
  supply_changes.rounding AS rounding,
  supply_changes.rounding_bound AS rounding_bound,
  CASE
    WHEN supply_changes.units IS NULL OR supply_changes.supply_raw IS NULL OR supply_changes.supply IS NULL
      THEN COALESCE(supply_changes.why_null, 'the supply is not known')
  END AS why_null
FROM supply_changes
