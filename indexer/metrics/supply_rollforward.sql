-- Why supply changed on every UTC day: opening + movements + rounding = closing, signed, in token units, on two bases:
-- total supply, and what of it circulates. The second has the same movements, dated by the change of supply, and what
-- crossed to and from the issuer's own addresses as float_out_in; it holds premints and retirements too. Of a step of
-- the multiplier it leaves out the part that those addresses earned (steps/float_days.sql).
-- Rounding is what derive proved of the contract's own arithmetic, change by change, and never a plug: a day that does
-- not add up is found by the audits. A step of the multiplier counts on the day it takes effect, with a block or
-- without. A movement of the day that is not known is NULL. Where supply was unknown for some hours and is known again
-- at the close, the step that ends the gap tells its whole change.
-- grain: token, chain, day, basis · kind: flow (opening and closing: stock)
WITH movements AS (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    CASE
      WHEN entries.reason = 'issuance' THEN 'issued'
      WHEN entries.reason = 'redemption' THEN 'redeemed'
      WHEN entries.reason = 'distribution' THEN 'distributed'
      WHEN entries.reason = 'fee' THEN 'fees'
      WHEN entries.reason = 'bridge_in' THEN 'bridged_in'
      WHEN entries.reason = 'bridge_out' THEN 'bridged_out'
      WHEN entries.reason IN ('class_swap', 'wrap', 'unwrap') AND entries.effect = 'mint' THEN 'swapped_in'
      WHEN entries.reason IN ('class_swap', 'wrap', 'unwrap') THEN 'swapped_out'
      WHEN entries.reason = 'forced' THEN 'forced'
      WHEN entries.reason IN ('recovery', 'migration') THEN 'migrated'
      WHEN entries.reason = 'reversal' THEN 'reversed'
      WHEN entries.reason = 'adjustment' THEN 'adjusted'
      WHEN entries.reason IN ('premint', 'retire') THEN 'premint_retire'
      ELSE 'unclassified'
    END AS booked_as,
    CASE WHEN entries.effect = 'mint' THEN entries.amount ELSE -entries.amount END AS amount,
    entries.amount_why_null AS why_null
  FROM entries
  WHERE entries.effect IN ('mint', 'burn')
  UNION ALL
  SELECT
    rebases.token,
    rebases.chain_id,
    calendar.day,
    CASE WHEN rebases.kind = 'fee' THEN 'fees' ELSE 'rebased' END AS booked_as,
    rebases.amount,
    CASE
      WHEN rebases.amount IS NULL THEN COALESCE(rebases.why_null, 'the change of supply by a rebase is not known')
    END AS why_null
  FROM rebases
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND rebases.effective_at >= calendar.starts_at
    AND rebases.effective_at < calendar.ends_at
  UNION ALL
  SELECT
    supply_points.token,
    supply_points.chain_id,
    calendar.day,
    'rounding' AS booked_as,
    CASE
      WHEN ABS(supply_points.rounding) <= scales.largest THEN supply_points.rounding * scales.base_unit
    END AS amount,
    CASE
      WHEN ABS(supply_points.rounding) > scales.largest THEN 'the rounding passes 38 digits with 18 decimals'
    END AS why_null
  FROM supply_points
  INNER JOIN scales ON scales.token = supply_points.token AND scales.chain_id = supply_points.chain_id
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND supply_points.effective_at >= calendar.starts_at
    AND supply_points.effective_at < calendar.ends_at
  WHERE supply_points.rounding <> 0
),

gross AS (
  SELECT
    movements.token,
    movements.chain_id,
    movements.day,
    movements.booked_as,
    COUNT(*) = COUNT(movements.amount) AS is_known,
    COALESCE(SUM(ABS(CAST(movements.amount AS DOUBLE))) < 9e19, TRUE) AS fits,
    MIN(movements.why_null) AS why_null
  FROM movements
  GROUP BY movements.token, movements.chain_id, movements.day, movements.booked_as
),

booked AS (
  SELECT
    gross.token,
    gross.chain_id,
    gross.day,
    gross.booked_as,
    gross.is_known AND gross.fits AS is_known,
    SUM(CASE WHEN gross.fits AND gross.is_known THEN movements.amount END) AS amount,
    COALESCE(
      gross.why_null, CASE WHEN NOT gross.fits THEN 'the amounts of the day sum to more than 38 digits' END
    ) AS why_null
  FROM gross
  INNER JOIN movements
    ON movements.token = gross.token
    AND movements.chain_id = gross.chain_id
    AND movements.day = gross.day
    AND movements.booked_as = gross.booked_as
  GROUP BY
    gross.token,
    gross.chain_id,
    gross.day,
    gross.booked_as,
    gross.is_known,
    gross.fits,
    gross.why_null
),

names AS (
  SELECT listed.booked_as FROM (VALUES
    ('issued'),
    ('redeemed'),
    ('distributed'),
    ('rebased'),
    ('fees'),
    ('bridged_in'),
    ('bridged_out'),
    ('swapped_in'),
    ('swapped_out'),
    ('forced'),
    ('migrated'),
    ('reversed'),
    ('adjusted'),
    ('premint_retire'),
    ('unclassified'),
    ('rounding')
  ) AS listed (booked_as)
),

cells AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    names.booked_as,
    CASE
      WHEN COALESCE(booked.is_known, TRUE) THEN COALESCE(booked.amount, CAST(0 AS DECIMAL(38, 18)))
    END AS amount,
    booked.why_null
  FROM closes
  CROSS JOIN names
  LEFT JOIN booked
    ON booked.token = closes.token
    AND booked.chain_id = closes.chain_id
    AND booked.day = closes.day
    AND booked.booked_as = names.booked_as
),

stocks AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    closes.supply AS closing,
    closes.coverage,
    closes.published_at,
    closes.why_null,
    ROW_NUMBER() OVER days_in_order = 1 AS is_first,
    LAG(closes.supply) OVER days_in_order AS supply_before,
    LAG(closes.why_null) OVER days_in_order AS why_null_before
  FROM closes
  WINDOW days_in_order AS (PARTITION BY closes.token, closes.chain_id ORDER BY closes.day)
),

opened AS (
  SELECT
    stocks.token,
    stocks.chain_id,
    stocks.day,
    CASE
      WHEN NOT stocks.is_first THEN stocks.supply_before
      WHEN derivations.holds_start AND derivations.why_null IS NULL THEN CAST(0 AS DECIMAL(38, 18))
    END AS opening,
    stocks.closing,
    stocks.coverage,
    stocks.published_at,
    COALESCE(
      stocks.why_null,
      stocks.why_null_before,
      CASE WHEN NOT derivations.holds_start THEN 'history starts before the first covered block' END
    ) AS why_null
  FROM stocks
  INNER JOIN derivations ON derivations.token = stocks.token AND derivations.chain_id = stocks.chain_id
),

total AS (
  SELECT
    opened.token AS token,
    opened.chain_id AS chain_id,
    opened.day AS day,
    MAX(opened.opening) AS opening,
    MAX(CASE WHEN cells.booked_as = 'issued' THEN cells.amount END) AS issued,
    MAX(CASE WHEN cells.booked_as = 'redeemed' THEN cells.amount END) AS redeemed,
    MAX(CASE WHEN cells.booked_as = 'distributed' THEN cells.amount END) AS distributed,
    MAX(CASE WHEN cells.booked_as = 'rebased' THEN cells.amount END) AS rebased,
    MAX(CASE WHEN cells.booked_as = 'fees' THEN cells.amount END) AS fees,
    MAX(CASE WHEN cells.booked_as = 'bridged_in' THEN cells.amount END) AS bridged_in,
    MAX(CASE WHEN cells.booked_as = 'bridged_out' THEN cells.amount END) AS bridged_out,
    MAX(CASE WHEN cells.booked_as = 'swapped_in' THEN cells.amount END) AS swapped_in,
    MAX(CASE WHEN cells.booked_as = 'swapped_out' THEN cells.amount END) AS swapped_out,
    MAX(CASE WHEN cells.booked_as = 'forced' THEN cells.amount END) AS forced,
    MAX(CASE WHEN cells.booked_as = 'migrated' THEN cells.amount END) AS migrated,
    MAX(CASE WHEN cells.booked_as = 'reversed' THEN cells.amount END) AS reversed,
    MAX(CASE WHEN cells.booked_as = 'adjusted' THEN cells.amount END) AS adjusted,
    MAX(CASE WHEN cells.booked_as = 'premint_retire' THEN cells.amount END) AS premint_retire,
    MAX(CASE WHEN cells.booked_as = 'unclassified' THEN cells.amount END) AS unclassified,
    CASE
      WHEN MAX(opened.opening) IS NOT NULL AND MAX(opened.closing) IS NOT NULL
        THEN MAX(CASE WHEN cells.booked_as = 'rounding' THEN cells.amount END)
    END AS rounding,
    MAX(opened.closing) AS closing,
    MAX(opened.coverage) AS coverage,
    MAX(opened.published_at) AS published_at,
    COALESCE(MAX(opened.why_null), MIN(cells.why_null)) AS why_null
  FROM opened
  INNER JOIN cells
    ON cells.token = opened.token AND cells.chain_id = opened.chain_id AND cells.day = opened.day
  GROUP BY opened.token, opened.chain_id, opened.day
),

-- On a day of steps what the issuer's own addresses earned is theirs; on another it is the rounding of their balances.
stepped AS (
  SELECT
    rebases.token,
    rebases.chain_id,
    calendar.day,
    MIN(CASE WHEN rebases.kind = 'fee' THEN 1 ELSE 0 END) = 1 AS is_fee
  FROM rebases
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND rebases.effective_at >= calendar.starts_at
    AND rebases.effective_at < calendar.ends_at
  GROUP BY rebases.token, rebases.chain_id, calendar.day
),

outside AS (
  SELECT
    circulating_days.token,
    circulating_days.chain_id,
    circulating_days.day,
    CASE
      WHEN ROW_NUMBER() OVER in_order = 1 THEN total.opening
      ELSE LAG(circulating_days.circulating) OVER in_order
    END AS opening,
    circulating_days.circulating AS closing,
    CASE
      WHEN circulating_days.circulating IS NOT NULL AND float_days.why_null IS NULL
        THEN total.premint_retire - COALESCE(float_days.moved_in, CAST(0 AS DECIMAL(38, 18)))
    END AS float_out_in,
    CASE
      WHEN stepped.is_fee IS NOT TRUE AND stepped.token IS NOT NULL AND float_days.token IS NOT NULL
        THEN float_days.earned
      ELSE CAST(0 AS DECIMAL(38, 18))
    END AS rebased,
    CASE
      WHEN stepped.is_fee AND float_days.token IS NOT NULL THEN float_days.earned
      ELSE CAST(0 AS DECIMAL(38, 18))
    END AS fees,
    CASE
      WHEN stepped.token IS NULL AND float_days.token IS NOT NULL THEN float_days.earned
      ELSE CAST(0 AS DECIMAL(38, 18))
    END AS rounding,
    COALESCE(
      circulating_days.why_null,
      float_days.why_null,
      LAG(circulating_days.why_null) OVER in_order
    ) AS why_null
  FROM circulating_days
  INNER JOIN total
    ON total.token = circulating_days.token
    AND total.chain_id = circulating_days.chain_id
    AND total.day = circulating_days.day
  LEFT JOIN float_days
    ON float_days.token = circulating_days.token
    AND float_days.chain_id = circulating_days.chain_id
    AND float_days.day = circulating_days.day
  LEFT JOIN stepped
    ON stepped.token = circulating_days.token
    AND stepped.chain_id = circulating_days.chain_id
    AND stepped.day = circulating_days.day
  WINDOW in_order AS (PARTITION BY circulating_days.token, circulating_days.chain_id ORDER BY circulating_days.day)
)

SELECT
  total.token AS token,
  total.chain_id AS chain_id,
  total.day AS day,
  'total' AS basis,
  total.opening AS opening,
  total.issued AS issued,
  total.redeemed AS redeemed,
  total.distributed AS distributed,
  total.rebased AS rebased,
  total.fees AS fees,
  total.bridged_in AS bridged_in,
  total.bridged_out AS bridged_out,
  total.swapped_in AS swapped_in,
  total.swapped_out AS swapped_out,
  total.forced AS forced,
  total.migrated AS migrated,
  total.reversed AS reversed,
  total.adjusted AS adjusted,
  total.premint_retire AS premint_retire,
  CASE WHEN total.premint_retire IS NOT NULL THEN CAST(0 AS DECIMAL(38, 18)) END AS float_out_in,
  total.unclassified AS unclassified,
  total.rounding AS rounding,
  total.closing AS closing,
  total.coverage AS coverage,
  total.published_at AS published_at,
  total.why_null AS why_null
FROM total
UNION ALL
SELECT
  total.token AS token,
  total.chain_id AS chain_id,
  total.day AS day,
  'circulating' AS basis,
  outside.opening AS opening,
  total.issued AS issued,
  total.redeemed AS redeemed,
  total.distributed AS distributed,
  total.rebased - outside.rebased AS rebased,
  total.fees - outside.fees AS fees,
  total.bridged_in AS bridged_in,
  total.bridged_out AS bridged_out,
  total.swapped_in AS swapped_in,
  total.swapped_out AS swapped_out,
  total.forced AS forced,
  total.migrated AS migrated,
  total.reversed AS reversed,
  total.adjusted AS adjusted,
  CASE WHEN total.premint_retire IS NOT NULL THEN CAST(0 AS DECIMAL(38, 18)) END AS premint_retire,
  outside.float_out_in AS float_out_in,
  total.unclassified AS unclassified,
  CASE
    WHEN outside.opening IS NOT NULL AND outside.closing IS NOT NULL THEN total.rounding - outside.rounding
  END AS rounding,
  outside.closing AS closing,
  total.coverage AS coverage,
  total.published_at AS published_at,
  COALESCE(total.why_null, outside.why_null) AS why_null
FROM total
INNER JOIN outside ON outside.token = total.token AND outside.chain_id = total.chain_id AND outside.day = total.day
