-- What circulates at every close: supply less the balances of the issuer's own addresses, each told apart, and what of
-- it other products hold in reserve. Where no role at all is configured for the token on the chain, what circulates is
-- not known, and never the supply.
-- grain: token, chain, day · kind: step, not stored
WITH lists AS (
  SELECT
    address_roles.token,
    address_roles.chain_id,
    MAX(
      CASE
        WHEN address_roles.role IN ('redeem_wallet', 'bridge_locker', 'burner', 'issuer_float') THEN 1
        WHEN address_roles.role LIKE 'reserve_of:%' THEN 1
        ELSE 0
      END
    ) = 1 AS needs_holdings
  FROM address_roles
  GROUP BY address_roles.token, address_roles.chain_id
),

summed AS (
  SELECT
    named_days.token,
    named_days.chain_id,
    named_days.day,
    COUNT(*) = COUNT(named_days.balance_raw) AS is_known,
    COALESCE(SUM(ABS(CAST(named_days.balance_raw AS DOUBLE))) < 9e37, TRUE) AS fits
  FROM named_days
  GROUP BY named_days.token, named_days.chain_id, named_days.day
),

excluded AS (
  SELECT
    summed.token,
    summed.chain_id,
    summed.day,
    summed.is_known,
    summed.fits,
    SUM(CASE WHEN summed.fits AND named_days.place <= 4 THEN named_days.balance_raw ELSE 0 END) AS all_raw,
    SUM(CASE WHEN summed.fits AND named_days.place = 1 THEN named_days.balance_raw ELSE 0 END) AS redeem_wallet_raw,
    SUM(CASE WHEN summed.fits AND named_days.place = 2 THEN named_days.balance_raw ELSE 0 END) AS bridge_locker_raw,
    SUM(CASE WHEN summed.fits AND named_days.place = 3 THEN named_days.balance_raw ELSE 0 END) AS burner_raw,
    SUM(CASE WHEN summed.fits AND named_days.place = 4 THEN named_days.balance_raw ELSE 0 END) AS issuer_float_raw,
    SUM(CASE WHEN summed.fits AND named_days.place = 5 THEN named_days.balance_raw ELSE 0 END) AS reserves_raw
  FROM summed
  INNER JOIN named_days
    ON named_days.token = summed.token
    AND named_days.chain_id = summed.chain_id
    AND named_days.day = summed.day
  GROUP BY summed.token, summed.chain_id, summed.day, summed.is_known, summed.fits
),

judged AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.supply,
    scales.base_unit,
    scales.largest,
    COALESCE(excluded.all_raw, CAST(0 AS DECIMAL(38, 0))) AS all_raw,
    COALESCE(excluded.redeem_wallet_raw, CAST(0 AS DECIMAL(38, 0))) AS redeem_wallet_raw,
    COALESCE(excluded.bridge_locker_raw, CAST(0 AS DECIMAL(38, 0))) AS bridge_locker_raw,
    COALESCE(excluded.burner_raw, CAST(0 AS DECIMAL(38, 0))) AS burner_raw,
    COALESCE(excluded.issuer_float_raw, CAST(0 AS DECIMAL(38, 0))) AS issuer_float_raw,
    COALESCE(excluded.reserves_raw, CAST(0 AS DECIMAL(38, 0))) AS reserves_raw,
    COALESCE(
      closes.why_null,
      CASE WHEN lists.needs_holdings THEN closes.holdings_why_null END,
      CASE WHEN lists.token IS NULL THEN 'no list of the issuer''s own addresses is known' END,
      CASE WHEN scales.token IS NULL THEN 'the decimals of the token are not known' END,
      CASE WHEN NOT excluded.is_known THEN 'there are no units to share the supply by' END,
      CASE
        WHEN NOT excluded.fits
          OR GREATEST(
            ABS(excluded.all_raw),
            ABS(excluded.redeem_wallet_raw),
            ABS(excluded.bridge_locker_raw),
            ABS(excluded.burner_raw),
            ABS(excluded.issuer_float_raw),
            ABS(excluded.reserves_raw)
          ) > scales.largest
          THEN 'the balances of the issuer''s own addresses pass 38 digits with 18 decimals'
      END
    ) AS why_null
  FROM closes
  LEFT JOIN scales ON scales.token = closes.token AND scales.chain_id = closes.chain_id
  LEFT JOIN lists ON lists.token = closes.token AND lists.chain_id = closes.chain_id
  LEFT JOIN excluded
    ON excluded.token = closes.token AND excluded.chain_id = closes.chain_id AND excluded.day = closes.day
)

SELECT
  judged.token AS token,
  judged.chain_id AS chain_id,
  judged.day AS day,
  CASE WHEN judged.why_null IS NULL THEN judged.supply - judged.all_raw * judged.base_unit END AS circulating,
  CASE WHEN judged.why_null IS NULL THEN judged.issuer_float_raw * judged.base_unit END AS excluded_issuer_float,
  CASE WHEN judged.why_null IS NULL THEN judged.burner_raw * judged.base_unit END AS excluded_burner,
  CASE WHEN judged.why_null IS NULL THEN judged.bridge_locker_raw * judged.base_unit END AS excluded_bridge_locker,
  CASE WHEN judged.why_null IS NULL THEN judged.redeem_wallet_raw * judged.base_unit END AS excluded_redeem_wallet,
  CASE WHEN judged.why_null IS NULL THEN judged.reserves_raw * judged.base_unit END AS held_by_other_products,
  judged.why_null AS why_null
FROM judged
