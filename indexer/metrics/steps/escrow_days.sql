-- Whether the claims behind each escrow can stand at the close of a day: together they are no more than what it holds.
-- Where they are more, something left it that nobody was named for, and then nothing is attributed.
-- grain: token, chain, escrow, day · kind: step, not stored
WITH claimed AS (
  SELECT
    escrow_claims.token,
    escrow_claims.chain_id,
    escrow_claims.escrow,
    escrow_claims.day,
    SUM(escrow_claims.change) AS change
  FROM escrow_claims
  GROUP BY escrow_claims.token, escrow_claims.chain_id, escrow_claims.escrow, escrow_claims.day
),

escrows AS (
  SELECT claimed.token, claimed.chain_id, claimed.escrow, MIN(claimed.day) AS since
  FROM claimed
  GROUP BY claimed.token, claimed.chain_id, claimed.escrow
),

held AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    escrows.escrow,
    escrows.since,
    SUM(COALESCE(holder_days.change, 0)) OVER days_in_order AS units,
    SUM(COALESCE(claimed.change, 0)) OVER days_in_order AS claimed
  FROM closes
  INNER JOIN escrows ON escrows.token = closes.token AND escrows.chain_id = closes.chain_id
  LEFT JOIN holder_days
    ON holder_days.token = closes.token
    AND holder_days.chain_id = closes.chain_id
    AND holder_days.holder = escrows.escrow
    AND holder_days.day = closes.day
  LEFT JOIN claimed
    ON claimed.token = closes.token
    AND claimed.chain_id = closes.chain_id
    AND claimed.escrow = escrows.escrow
    AND claimed.day = closes.day
  WINDOW days_in_order AS (
    PARTITION BY closes.token, closes.chain_id, escrows.escrow
    ORDER BY closes.day
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)

SELECT
  held.token AS token,
  held.chain_id AS chain_id,
  held.escrow AS escrow,
  held.day AS day,
  held.claimed <= held.units AS stands,
  MAX(held.day) OVER (PARTITION BY held.token, held.chain_id) = held.day AS is_last
FROM held
WHERE held.day >= held.since
