-- Entries of the ledger with their UTC day, and with figures that can be summed without overflow.
-- A sum of DECIMAL(38) that overflows would stop every token, so figures whose gross sum passes 38 digits
-- are NULL with that reason: amounts for the day, units for the whole token on the chain. The gross sums are
-- estimates in DOUBLE and decide nothing else.
-- The day comes by way of the distinct times, because a join by range carries every column of every row along.
-- grain: entry · kind: step, not stored
WITH instants AS (
  SELECT
    transfers.token,
    transfers.chain_id,
    transfers.block_time,
    SUM(ABS(CAST(transfers.amount AS DOUBLE))) AS amounts,
    SUM(ABS(CAST(transfers.units AS DOUBLE))) AS units
  FROM transfers
  GROUP BY transfers.token, transfers.chain_id, transfers.block_time
),

moments AS (
  SELECT
    instants.token,
    instants.chain_id,
    instants.block_time,
    calendar.day,
    COALESCE(
      SUM(instants.amounts) OVER (PARTITION BY instants.token, instants.chain_id, calendar.day) < 9e19, TRUE
    ) AS amounts_fit,
    COALESCE(SUM(instants.units) OVER (PARTITION BY instants.token, instants.chain_id) < 9e37, TRUE) AS units_fit
  FROM instants
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND instants.block_time >= calendar.starts_at
    AND instants.block_time < calendar.ends_at
)

SELECT
  transfers.token AS token,
  transfers.chain_id AS chain_id,
  moments.day AS day,
  transfers.block_number AS block_number,
  transfers.block_time AS block_time,
  transfers.tx_index AS tx_index,
  transfers.log_index AS log_index,
  transfers.entry AS entry,
  transfers.from_address AS from_address,
  transfers.to_address AS to_address,
  CASE WHEN moments.amounts_fit THEN transfers.amount END AS amount,
  CASE WHEN moments.units_fit THEN transfers.units END AS units,
  transfers.effect AS effect,
  transfers.reason AS reason,
  transfers.evidence AS evidence,
  transfers.party AS party,
  CASE
    WHEN transfers.amount IS NULL THEN COALESCE(transfers.why_null, 'the amount of an entry is not known')
    WHEN NOT moments.amounts_fit THEN 'the amounts of the day sum to more than 38 digits'
  END AS amount_why_null,
  CASE
    WHEN transfers.units IS NULL THEN COALESCE(transfers.why_null, 'the units of an entry are not known')
    WHEN NOT moments.units_fit THEN 'the units moved sum to more than 38 digits'
  END AS units_why_null
FROM transfers
INNER JOIN moments
  ON moments.token = transfers.token
  AND moments.chain_id = transfers.chain_id
  AND moments.block_time = transfers.block_time
