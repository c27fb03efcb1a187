-- Entries before a cut from which claims behind escrows follow.
-- grain: entry
SELECT transfers.*
FROM transfers
INNER JOIN cuts ON cuts.token = transfers.token AND cuts.chain_id = transfers.chain_id
WHERE transfers.block_time < cuts.starts_at
  AND (
    transfers.reason IN ('escrow_in', 'escrow_out') OR (transfers.effect = 'burn' AND transfers.party IS NOT NULL)
  )
