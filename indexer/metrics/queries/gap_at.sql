-- Why the units of the entries up to the cut cannot be summed: the first entry without units, or more than 38 digits
-- moved (an estimate in DOUBLE, as in steps/entries.sql).
-- grain: one row
WITH kept AS (
  SELECT
    transfers.units,
    COALESCE(transfers.why_null, 'the units of an entry are not known') AS why_null,
    ROW_NUMBER() OVER (
      ORDER BY transfers.units IS NOT NULL, transfers.block_number, transfers.log_index, transfers.entry
    ) AS place
  FROM transfers
  WHERE transfers.token = $token
    AND transfers.chain_id = $chain_id
    AND CASE WHEN $block IS NULL THEN transfers.block_time <= $until ELSE transfers.block_number <= $block END
)

SELECT
  CASE
    WHEN COUNT(*) > COUNT(kept.units) THEN MIN(CASE WHEN kept.place = 1 THEN kept.why_null END)
    WHEN SUM(ABS(CAST(kept.units AS DOUBLE))) >= 9e37 THEN 'the units moved sum to more than 38 digits'
  END AS why_null
FROM kept
