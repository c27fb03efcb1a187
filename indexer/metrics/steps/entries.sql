-- Entries of the ledger with their UTC day, and with figures that can be summed without overflow.
-- A sum of DECIMAL(38) that overflows would stop every token, so figures whose gross sum passes 38 digits
-- are NULL with that reason: amounts for the day, units for the whole token on the chain. The gross sums are
-- estimates in DOUBLE and decide nothing else.
-- The sums are joined from the left so that a row finds its one day first.
-- grain: entry · kind: step, not stored
WITH day_sums AS (
  SELECT
    transfers.token,
    transfers.chain_id,
    calendar_dates.day,
    SUM(ABS(CAST(transfers.amount AS DOUBLE))) AS amounts,
    SUM(ABS(CAST(transfers.units AS DOUBLE))) AS units
  FROM transfers
  INNER JOIN calendar_dates
    ON calendar_dates.date = CAST(transfers.block_time AS DATE)
    AND transfers.block_time >= calendar_dates.starts_at
    AND transfers.block_time < calendar_dates.ends_at
  GROUP BY transfers.token, transfers.chain_id, calendar_dates.day
),

fits AS (
  SELECT
    day_sums.token,
    day_sums.chain_id,
    day_sums.day,
    COALESCE(day_sums.amounts < 9e19, TRUE) AS amounts_fit,
    COALESCE(SUM(day_sums.units) OVER (PARTITION BY day_sums.token, day_sums.chain_id) < 9e37, TRUE) AS units_fit
  FROM day_sums
)

SELECT
  transfers.token AS token,
  transfers.chain_id AS chain_id,
  calendar_dates.day AS day,
  transfers.block_number AS block_number,
  transfers.block_time AS block_time,
  transfers.tx_index AS tx_index,
  transfers.log_index AS log_index,
  transfers.entry AS entry,
  transfers.from_address AS from_address,
  transfers.to_address AS to_address,
  CASE WHEN fits.amounts_fit THEN transfers.amount END AS amount,
  CASE WHEN fits.units_fit THEN transfers.units END AS units,
  transfers.effect AS effect,
  transfers.reason AS reason,
  transfers.evidence AS evidence,
  transfers.party AS party,
  CASE
    WHEN transfers.amount IS NULL THEN COALESCE(transfers.why_null, 'the amount of an entry is not known')
    WHEN NOT fits.amounts_fit THEN 'the amounts of the day sum to more than 38 digits'
  END AS amount_why_null,
  CASE
    WHEN transfers.units IS NULL THEN COALESCE(transfers.why_null, 'the units of an entry are not known')
    WHEN NOT fits.units_fit THEN 'the units moved sum to more than 38 digits'
  END AS units_why_null
FROM transfers
INNER JOIN calendar_dates
  ON calendar_dates.date = CAST(transfers.block_time AS DATE)
  AND transfers.block_time >= calendar_dates.starts_at
  AND transfers.block_time < calendar_dates.ends_at
LEFT JOIN fits
  ON fits.token = transfers.token AND fits.chain_id = transfers.chain_id AND fits.day = calendar_dates.day
