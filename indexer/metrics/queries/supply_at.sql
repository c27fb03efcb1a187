-- Supply after the last change up to the cut; no row before the first.
-- grain: one row
SELECT
  supply_changes.units AS units,
  supply_changes.supply_raw AS supply_raw,
  supply_changes.supply AS supply,
  supply_changes.numerator AS numerator,
  supply_changes.denominator AS denominator,
  supply_changes.addend AS addend,
  supply_changes.multiplier AS multiplier,
  COALESCE(supply_changes.min_units, 1) AS min_units,
  CASE
    WHEN supply_changes.units IS NULL OR supply_changes.supply_raw IS NULL OR supply_changes.supply IS NULL
      THEN COALESCE(supply_changes.why_null, 'the supply is not known')
  END AS why_null
FROM supply_changes
WHERE supply_changes.token = $token
  AND supply_changes.chain_id = $chain_id
  AND CASE
    WHEN $block IS NULL OR supply_changes.block_number IS NULL THEN supply_changes.effective_at <= $until
    ELSE supply_changes.block_number <= $block
  END
ORDER BY
  supply_changes.effective_at DESC,
  supply_changes.block_number DESC NULLS LAST,
  supply_changes.log_index DESC NULLS LAST
LIMIT 1
