-- What moved into the addresses that do not circulate on every day, in token units: entries while they have such a role
-- at the close, and their whole balance where the role began or ended. earned is what their balances changed beside
-- that: their part of a step of the multiplier, and the rounding of their balances.
-- grain: token, chain, day · kind: step, not stored
WITH listed AS (
  SELECT DISTINCT named_addresses.token, named_addresses.chain_id, named_addresses.address FROM named_addresses
),

legs AS (
  SELECT
    entries.token, entries.chain_id, entries.day, entries.to_address AS address, entries.amount, entries.amount_why_null
  FROM entries
  INNER JOIN listed
    ON listed.token = entries.token AND listed.chain_id = entries.chain_id AND listed.address = entries.to_address
  WHERE entries.effect IN ('mint', 'move')
  UNION ALL
  SELECT
    entries.token, entries.chain_id, entries.day, entries.from_address AS address, -entries.amount,
    entries.amount_why_null
  FROM entries
  INNER JOIN listed
    ON listed.token = entries.token AND listed.chain_id = entries.chain_id AND listed.address = entries.from_address
  WHERE entries.effect IN ('burn', 'move')
),

crossed AS (
  SELECT
    legs.token,
    legs.chain_id,
    legs.day,
    legs.address,
    SUM(legs.amount) AS amount,
    MIN(legs.amount_why_null) AS why_null
  FROM legs
  GROUP BY legs.token, legs.chain_id, legs.day, legs.address
),

held AS (
  SELECT
    named_holdings.token,
    named_holdings.chain_id,
    named_holdings.day,
    named_holdings.address,
    COALESCE(named_days.place <= 4, FALSE) AS is_out,
    CASE WHEN ABS(named_holdings.balance_raw) <= scales.largest THEN named_holdings.balance_raw * scales.base_unit END
      AS balance,
    COALESCE(crossed.amount, CAST(0 AS DECIMAL(38, 18))) AS moved,
    crossed.why_null
  FROM named_holdings
  INNER JOIN scales ON scales.token = named_holdings.token AND scales.chain_id = named_holdings.chain_id
  LEFT JOIN named_days
    ON named_days.token = named_holdings.token
    AND named_days.chain_id = named_holdings.chain_id
    AND named_days.day = named_holdings.day
    AND named_days.address = named_holdings.address
  LEFT JOIN crossed
    ON crossed.token = named_holdings.token
    AND crossed.chain_id = named_holdings.chain_id
    AND crossed.day = named_holdings.day
    AND crossed.address = named_holdings.address
),

compared AS (
  SELECT
    held.token,
    held.chain_id,
    held.day,
    held.is_out,
    COALESCE(LAG(held.is_out) OVER in_order, FALSE) AS was_out,
    held.balance,
    CASE
      WHEN ROW_NUMBER() OVER in_order = 1 THEN CAST(0 AS DECIMAL(38, 18))
      ELSE LAG(held.balance) OVER in_order
    END AS balance_before,
    held.moved,
    held.why_null
  FROM held
  WINDOW in_order AS (PARTITION BY held.token, held.chain_id, held.address ORDER BY held.day)
),

judged AS (
  SELECT
    compared.token,
    compared.chain_id,
    compared.day,
    compared.is_out,
    compared.was_out,
    compared.balance,
    compared.balance_before,
    compared.moved,
    COALESCE(
      compared.why_null,
      CASE
        WHEN compared.balance IS NULL OR compared.balance_before IS NULL
          THEN 'a balance of the issuer''s own addresses is not known'
      END
    ) AS why_null,
    SUM(
      ABS(CAST(compared.balance AS DOUBLE))
      + ABS(CAST(compared.balance_before AS DOUBLE))
      + ABS(CAST(compared.moved AS DOUBLE))
    ) OVER (PARTITION BY compared.token, compared.chain_id, compared.day) < 9e19 AS fits
  FROM compared
  WHERE compared.is_out OR compared.was_out
)

SELECT
  judged.token AS token,
  judged.chain_id AS chain_id,
  judged.day AS day,
  SUM(
    CASE
      WHEN NOT judged.fits OR judged.why_null IS NOT NULL THEN NULL
      WHEN judged.is_out AND judged.was_out THEN judged.moved
      WHEN judged.is_out THEN judged.balance_before + judged.moved
      ELSE -judged.balance_before
    END
  ) AS moved_in,
  SUM(
    CASE
      WHEN NOT judged.fits OR judged.why_null IS NOT NULL THEN NULL
      WHEN judged.is_out THEN judged.balance - judged.balance_before - judged.moved
      ELSE CAST(0 AS DECIMAL(38, 18))
    END
  ) AS earned,
  COALESCE(
    MIN(judged.why_null),
    CASE
      WHEN MIN(CASE WHEN COALESCE(judged.fits, FALSE) THEN 1 ELSE 0 END) = 0
        THEN 'the balances of the issuer''s own addresses pass 38 digits with 18 decimals'
    END
  ) AS why_null
FROM judged
GROUP BY judged.token, judged.chain_id, judged.day
