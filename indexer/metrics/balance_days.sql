-- What an address holds at the close of each UTC day on which an entry changed its units. The balance is units times
-- the rate at that close, as the contract computes it: (units × numerator + addend) // denominator in whole numbers.
-- grain: token, chain, holder, day · kind: stock
WITH held AS (
  SELECT
    holder_days.token,
    holder_days.chain_id,
    holder_days.day,
    holder_days.holder,
    CASE WHEN closes.holdings_why_null IS NULL THEN holder_days.units END AS units,
    CASE
      WHEN closes.holdings_why_null IS NOT NULL OR closes.supply_raw IS NULL THEN NULL
      WHEN closes.numerator = closes.denominator AND closes.addend = 0 THEN holder_days.units
      ELSE exact_balance(holder_days.units, closes.numerator, closes.denominator, closes.addend)
    END AS balance_raw,
    COALESCE(closes.holdings_why_null, closes.why_null) AS why_null
  FROM holder_days
  INNER JOIN closes
    ON closes.token = holder_days.token
    AND closes.chain_id = holder_days.chain_id
    AND closes.day = holder_days.day
  WHERE holder_days.has_change
)

SELECT
  held.token AS token,
  held.chain_id AS chain_id,
  scales.contract AS contract,
  held.day AS day,
  held.holder AS holder,
  held.units AS units,
  CASE WHEN ABS(held.balance_raw) <= scales.largest THEN held.balance_raw * scales.base_unit END AS balance,
  CASE
    WHEN held.why_null IS NOT NULL THEN held.why_null
    WHEN held.balance_raw IS NULL THEN 'there are no units to share the supply by'
    WHEN ABS(held.balance_raw) > scales.largest THEN 'the balance passes 38 digits with 18 decimals'
  END AS why_null
FROM held
LEFT JOIN scales ON scales.token = held.token AND scales.chain_id = held.chain_id
