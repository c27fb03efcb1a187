-- What each address of the configured roles holds at every close, whatever its role then, in base units.
-- grain: token, chain, address, day · kind: step, not stored
WITH listed AS (
  SELECT DISTINCT named_addresses.token, named_addresses.chain_id, named_addresses.address FROM named_addresses
),

held AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.ends_at,
    listed.address,
    SUM(COALESCE(holder_days.change, CAST(0 AS DECIMAL(38, 0)))) OVER (
      PARTITION BY closes.token, closes.chain_id, listed.address
      ORDER BY closes.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS units,
    closes.numerator,
    closes.denominator,
    closes.addend
  FROM closes
  INNER JOIN listed ON listed.token = closes.token AND listed.chain_id = closes.chain_id
  LEFT JOIN holder_days
    ON holder_days.token = closes.token
    AND holder_days.chain_id = closes.chain_id
    AND holder_days.holder = listed.address
    AND holder_days.day = closes.day
)

SELECT
  held.token AS token,
  held.chain_id AS chain_id,
  held.day AS day,
  held.ends_at AS ends_at,
  held.address AS address,
  held.units AS units,
  CASE
    WHEN held.units = 0 THEN CAST(0 AS DECIMAL(38, 0))
    WHEN held.numerator = held.denominator AND held.addend = 0 THEN held.units
    ELSE exact_balance(held.units, held.numerator, held.denominator, held.addend)
  END AS balance_raw
FROM held
