-- When an address began (+1) or ceased (-1) to hold at the close of a UTC day, on each chain and, as chain `all`, on
-- any chain of the token. An address holds where balanceOf answers at least one base unit, that is from min_units
-- units on. min_units moves with the multiplier, so an address with fewer units than the largest min_units ever may
-- change without an entry of its own; only such addresses are looked at on the days when min_units moved.
-- grain: token, chain, holder, day with a change · kind: step, not stored
WITH thresholds AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    COALESCE(closes.min_units, 1) AS min_units,
    MAX(COALESCE(closes.min_units, 1)) OVER (PARTITION BY closes.token, closes.chain_id) AS most,
    LAG(COALESCE(closes.min_units, 1)) OVER (PARTITION BY closes.token, closes.chain_id ORDER BY closes.day)
      AS min_units_before
  FROM closes
),

dust AS (
  SELECT
    holder_days.token,
    holder_days.chain_id,
    holder_days.holder,
    holder_days.day,
    holder_days.units,
    LEAD(holder_days.day) OVER (
      PARTITION BY holder_days.token, holder_days.chain_id, holder_days.holder
      ORDER BY holder_days.day
    ) AS until_day
  FROM holder_days
  INNER JOIN (
    SELECT DISTINCT thresholds.token, thresholds.chain_id FROM thresholds WHERE thresholds.most > 1
  ) AS moving
    ON moving.token = holder_days.token AND moving.chain_id = holder_days.chain_id
  WHERE holder_days.has_change
),

flags AS (
  SELECT
    holder_days.token,
    holder_days.chain_id,
    holder_days.holder,
    holder_days.day,
    CASE WHEN holder_days.units >= thresholds.min_units THEN 1 ELSE 0 END AS holds
  FROM holder_days
  INNER JOIN thresholds
    ON thresholds.token = holder_days.token
    AND thresholds.chain_id = holder_days.chain_id
    AND thresholds.day = holder_days.day
  WHERE holder_days.has_change
  UNION ALL
  SELECT
    dust.token,
    dust.chain_id,
    dust.holder,
    thresholds.day,
    CASE WHEN dust.units >= thresholds.min_units THEN 1 ELSE 0 END AS holds
  FROM dust
  INNER JOIN thresholds
    ON thresholds.token = dust.token
    AND thresholds.chain_id = dust.chain_id
    AND thresholds.day > dust.day
    AND (dust.until_day IS NULL OR thresholds.day < dust.until_day)
    AND dust.units < thresholds.most
    AND thresholds.min_units <> thresholds.min_units_before
  WHERE dust.units >= 1
),

compared AS (
  SELECT
    flags.token,
    flags.chain_id,
    flags.holder,
    flags.day,
    flags.holds - COALESCE(
      LAG(flags.holds) OVER (PARTITION BY flags.token, flags.chain_id, flags.holder ORDER BY flags.day), 0
    ) AS change
  FROM flags
),

on_any_chain AS (
  SELECT
    summed.token,
    summed.holder,
    summed.day,
    summed.change,
    SUM(summed.change) OVER (
      PARTITION BY summed.token, summed.holder
      ORDER BY summed.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS chains
  FROM (
    SELECT compared.token, compared.holder, compared.day, SUM(compared.change) AS change
    FROM compared
    WHERE compared.change <> 0
    GROUP BY compared.token, compared.holder, compared.day
  ) AS summed
)

SELECT
  compared.token AS token,
  compared.chain_id AS chain_id,
  compared.holder AS holder,
  compared.day AS day,
  compared.change AS change
FROM compared
WHERE compared.change <> 0
UNION ALL
SELECT
  on_any_chain.token AS token,
  'all' AS chain_id,
  on_any_chain.holder AS holder,
  on_any_chain.day AS day,
  CASE WHEN on_any_chain.change > 0 THEN 1 ELSE -1 END AS change
FROM on_any_chain
WHERE (on_any_chain.chains > 0) <> (on_any_chain.chains - on_any_chain.change > 0)
