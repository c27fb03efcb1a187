-- What each requester has behind escrows at a close, in units, where that is at least one base unit and the claims
-- behind the escrow stand there (steps/escrow_days.sql).
-- grain: token, chain, holder, day · kind: step, not stored
SELECT
  closes.token AS token,
  closes.chain_id AS chain_id,
  closes.day AS day,
  closes.ends_at AS ends_at,
  escrow_claims.holder AS holder,
  SUM(escrow_claims.units) AS units
FROM escrow_claims
INNER JOIN closes
  ON closes.token = escrow_claims.token
  AND closes.chain_id = escrow_claims.chain_id
  AND closes.day >= escrow_claims.day
  AND (escrow_claims.until_day IS NULL OR closes.day < escrow_claims.until_day)
INNER JOIN escrow_days
  ON escrow_days.token = escrow_claims.token
  AND escrow_days.chain_id = escrow_claims.chain_id
  AND escrow_days.escrow = escrow_claims.escrow
  AND escrow_days.day = closes.day
  AND escrow_days.stands
WHERE escrow_claims.units > 0
GROUP BY
  closes.token,
  closes.chain_id,
  closes.day,
  closes.ends_at,
  closes.min_units,
  escrow_claims.holder
HAVING SUM(escrow_claims.units) >= COALESCE(closes.min_units, 1)
