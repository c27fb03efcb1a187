-- Closes at which holders_daily counts other addresses than balance_days has with a balance. Compared at the last
-- close that is known, by rows of another table than the count was made from.
WITH last_closes AS (
  SELECT holders_daily.token, holders_daily.chain_id, MAX(holders_daily.day) AS day
  FROM holders_daily
  WHERE holders_daily.addresses IS NOT NULL AND holders_daily.chain_id <> 'all'
  GROUP BY holders_daily.token, holders_daily.chain_id
),

latest AS (
  SELECT
    balance_days.token,
    balance_days.chain_id,
    balance_days.units,
    ROW_NUMBER() OVER (
      PARTITION BY balance_days.token, balance_days.chain_id, balance_days.holder
      ORDER BY balance_days.day DESC
    ) AS age
  FROM balance_days
  INNER JOIN last_closes
    ON last_closes.token = balance_days.token
    AND last_closes.chain_id = balance_days.chain_id
    AND balance_days.day <= last_closes.day
),

thresholds AS (
  SELECT
    last_closes.token,
    last_closes.chain_id,
    supply_changes.min_units,
    ROW_NUMBER() OVER (
      PARTITION BY last_closes.token, last_closes.chain_id
      ORDER BY
        supply_changes.effective_at DESC,
        supply_changes.block_number DESC NULLS LAST,
        supply_changes.log_index DESC NULLS LAST
    ) AS age
  FROM last_closes
  INNER JOIN calendar ON calendar.boundary = 'utc' AND calendar.day = last_closes.day
  INNER JOIN supply_changes
    ON supply_changes.token = last_closes.token
    AND supply_changes.chain_id = last_closes.chain_id
    AND supply_changes.effective_at < calendar.ends_at
),

recounted AS (
  SELECT
    last_closes.token,
    last_closes.chain_id,
    last_closes.day,
    COUNT(CASE WHEN latest.units >= COALESCE(thresholds.min_units, 1) THEN 1 END) AS addresses
  FROM last_closes
  LEFT JOIN latest
    ON latest.token = last_closes.token AND latest.chain_id = last_closes.chain_id AND latest.age = 1
  LEFT JOIN thresholds
    ON thresholds.token = last_closes.token
    AND thresholds.chain_id = last_closes.chain_id
    AND thresholds.age = 1
  GROUP BY last_closes.token, last_closes.chain_id, last_closes.day
)

SELECT
  recounted.token AS token,
  recounted.chain_id AS chain_id,
  CONCAT(
    'on ', CAST(recounted.day AS VARCHAR), ' holders_daily counts ', CAST(holders_daily.addresses AS VARCHAR),
    ' addresses, balance_days has ', CAST(recounted.addresses AS VARCHAR)
  ) AS detail
FROM recounted
INNER JOIN holders_daily
  ON holders_daily.token = recounted.token
  AND holders_daily.chain_id = recounted.chain_id
  AND holders_daily.day = recounted.day
WHERE holders_daily.addresses <> recounted.addresses
