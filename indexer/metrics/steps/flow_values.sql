-- What the entries of a day were worth at the prices in force when they happened. The amounts of one price are summed
-- before they are multiplied, and the digits that the cut to 6 decimals leaves of each product are carried: the sum is
-- that of all exact products, cut once.
-- grain: token, chain, day, effect, reason, evidence · kind: step, not stored
WITH instants AS (
  SELECT DISTINCT entries.token, entries.chain_id, entries.block_time AS at, CAST(NULL AS BIGINT) AS step
  FROM entries
  UNION ALL
  SELECT nav_steps.token, nav_steps.chain_id, nav_steps.starts_at AS at, nav_steps.step
  FROM nav_steps
),

in_force AS (
  SELECT
    instants.token,
    instants.chain_id,
    instants.at,
    instants.step IS NULL AS is_entry,
    MAX(instants.step) OVER (
      PARTITION BY instants.token, instants.chain_id
      ORDER BY instants.at, CASE WHEN instants.step IS NULL THEN 1 ELSE 0 END
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS step
  FROM instants
),

summed AS (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.effect,
    entries.reason,
    entries.evidence,
    in_force.step,
    SUM(entries.amount) AS amount
  FROM entries
  INNER JOIN in_force
    ON in_force.token = entries.token
    AND in_force.chain_id = entries.chain_id
    AND in_force.at = entries.block_time
    AND in_force.is_entry
  GROUP BY
    entries.token,
    entries.chain_id,
    entries.day,
    entries.effect,
    entries.reason,
    entries.evidence,
    in_force.step
),

configured AS (
  SELECT DISTINCT nav_steps.token, nav_steps.chain_id FROM nav_steps
),

priced AS (
  SELECT
    summed.token,
    summed.chain_id,
    summed.day,
    summed.effect,
    summed.reason,
    summed.evidence,
    exact_value(summed.amount, nav_steps.price) AS value,
    exact_rest(summed.amount, nav_steps.price) AS rest,
    CASE WHEN nav_steps.price IS NOT NULL THEN nav_steps.kind END AS kind,
    CASE
      WHEN configured.token IS NULL THEN 'no price source is configured'
      WHEN nav_steps.token IS NULL THEN 'no price was known yet'
      WHEN nav_steps.price IS NULL THEN COALESCE(nav_steps.why_null, 'the price is not known')
      WHEN nav_steps.currency <> 'USD'
        THEN CONCAT('the value is in ', nav_steps.currency, ', and no rate to USD is known')
    END AS why_null
  FROM summed
  LEFT JOIN configured ON configured.token = summed.token AND configured.chain_id = summed.chain_id
  LEFT JOIN nav_steps
    ON nav_steps.token = summed.token AND nav_steps.chain_id = summed.chain_id AND nav_steps.step = summed.step
),

totals AS (
  SELECT
    priced.token,
    priced.chain_id,
    priced.day,
    priced.effect,
    priced.reason,
    priced.evidence,
    MIN(priced.why_null) AS why_null,
    STRING_AGG(DISTINCT priced.kind, ', ' ORDER BY priced.kind) AS price_kinds,
    COUNT(*) = COUNT(priced.value) AND SUM(ABS(CAST(priced.value AS DOUBLE))) < 9e31 AS fits
  FROM priced
  GROUP BY priced.token, priced.chain_id, priced.day, priced.effect, priced.reason, priced.evidence
)

SELECT
  totals.token AS token,
  totals.chain_id AS chain_id,
  totals.day AS day,
  totals.effect AS effect,
  totals.reason AS reason,
  totals.evidence AS evidence,
  exact_carry(
    SUM(CASE WHEN totals.fits AND totals.why_null IS NULL THEN priced.value END),
    SUM(CASE WHEN totals.fits AND totals.why_null IS NULL THEN priced.rest END)
  ) AS value_usd,
  totals.price_kinds AS price_kinds,
  COALESCE(totals.why_null, CASE WHEN NOT totals.fits THEN 'the value passes 38 digits with 6 decimals' END) AS why_null
FROM totals
INNER JOIN priced
  ON priced.token = totals.token
  AND priced.chain_id = totals.chain_id
  AND priced.day = totals.day
  AND priced.effect = totals.effect
  AND priced.reason = totals.reason
  AND priced.evidence = totals.evidence
GROUP BY
  totals.token,
  totals.chain_id,
  totals.day,
  totals.effect,
  totals.reason,
  totals.evidence,
  totals.why_null,
  totals.price_kinds,
  totals.fits
