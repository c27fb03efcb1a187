-- Supply at the close of every UTC day from the first event to the frontier.
-- The multiplier is what one whole unit is worth in token units, cut to 18 decimals; it is 1 where a unit is a base
-- unit.
-- What circulates, and what of it the issuer's own addresses hold, is made in steps/circulating_days.sql; the NAV in
-- force in steps/nav_days.sql. Value = circulating × NAV in force, cut to 6 decimals, in the currency of the price.
-- grain: token, chain, day · kind: stock
WITH multiplied AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.units,
    closes.supply,
    closes.multiplier,
    closes.coverage,
    closes.published_at,
    closes.why_null
  FROM closes
),

valued AS (
  SELECT
    circulating_days.token,
    circulating_days.chain_id,
    circulating_days.day,
    nav_days.nav,
    nav_days.nav_effective_at,
    nav_days.nav_stale,
    exact_value(circulating_days.circulating, nav_days.nav) AS value,
    nav_days.currency,
    nav_days.nav_kind,
    COALESCE(circulating_days.why_null, nav_days.why_null) AS why_null
  FROM circulating_days
  INNER JOIN nav_days
    ON nav_days.token = circulating_days.token
    AND nav_days.chain_id = circulating_days.chain_id
    AND nav_days.day = circulating_days.day
)

SELECT
  multiplied.token AS token,
  multiplied.chain_id AS chain_id,
  multiplied.day AS day,
  multiplied.units AS units,
  multiplied.supply AS supply,
  circulating_days.circulating AS circulating,
  circulating_days.excluded_issuer_float AS excluded_issuer_float,
  circulating_days.excluded_burner AS excluded_burner,
  circulating_days.excluded_bridge_locker AS excluded_bridge_locker,
  circulating_days.excluded_redeem_wallet AS excluded_redeem_wallet,
  circulating_days.held_by_other_products AS held_by_other_products,
  multiplied.multiplier AS multiplier,
  valued.nav AS nav,
  valued.currency AS nav_currency,
  valued.nav_kind AS nav_kind,
  valued.nav_effective_at AS nav_effective_at,
  valued.nav_stale AS nav_stale,
  valued.value AS value,
  CASE WHEN valued.currency = 'USD' THEN valued.value END AS value_usd,
  CASE WHEN multiplied.supply IS NULL THEN 'none' ELSE certified_days.certificate END AS certificate,
  multiplied.coverage AS coverage,
  multiplied.published_at AS published_at,
  COALESCE(
    multiplied.why_null,
    CASE WHEN multiplied.multiplier IS NULL THEN 'what a unit is worth is not known while there is none' END,
    valued.why_null,
    CASE WHEN valued.value IS NULL THEN 'the value passes 38 digits with 6 decimals' END,
    CASE
      WHEN valued.currency <> 'USD' THEN CONCAT('the value is in ', valued.currency, ', and no rate to USD is known')
    END
  ) AS why_null
FROM multiplied
INNER JOIN certified_days
  ON certified_days.token = multiplied.token
  AND certified_days.chain_id = multiplied.chain_id
  AND certified_days.day = multiplied.day
INNER JOIN circulating_days
  ON circulating_days.token = multiplied.token
  AND circulating_days.chain_id = multiplied.chain_id
  AND circulating_days.day = multiplied.day
INNER JOIN valued
  ON valued.token = multiplied.token AND valued.chain_id = multiplied.chain_id AND valued.day = multiplied.day
