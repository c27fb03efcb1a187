-- Holders of a token on a chain by the month in which they first held at a day's close, and how many of them hold at
-- the close of each month since; of the last month, at the close of the last day. Addresses that ever had a role which
-- holds for others are no holders here.
-- grain: cohort, month · kind: stock · unit: addresses
WITH held AS (
  SELECT
    balance_days.holder,
    balance_days.day,
    balance_days.units > 0 AS holds,
    LEAD(balance_days.day) OVER (PARTITION BY balance_days.holder ORDER BY balance_days.day) AS next_day
  FROM balance_days
  WHERE balance_days.token = $token
    AND balance_days.chain_id = $chain_id
    AND balance_days.day <= CAST($last AS DATE)
    AND balance_days.holder <> '0x0000000000000000000000000000000000000000'
    AND NOT EXISTS (
      SELECT 1
      FROM address_roles
      WHERE address_roles.token = balance_days.token
        AND address_roles.chain_id = balance_days.chain_id
        AND address_roles.address = balance_days.holder
        AND address_roles.role IN ('issuer_float', 'burner', 'bridge_locker', 'redeem_wallet', 'escrow', 'wrapper')
    )
),

joined AS (
  SELECT held.holder, DATE_TRUNC('month', MIN(held.day)) AS cohort
  FROM held
  WHERE held.holds
  GROUP BY held.holder
),

months AS (
  SELECT
    CAST(steps.start AS DATE) AS month,
    LEAST(CAST(steps.start + INTERVAL '1' MONTH - INTERVAL '1' DAY AS DATE), CAST($last AS DATE)) AS as_of_day
  FROM (
    SELECT
      UNNEST(
        GENERATE_SERIES((SELECT MIN(joined.cohort) FROM joined), CAST($last AS TIMESTAMP), INTERVAL '1' MONTH)
      ) AS start
  ) AS steps
),

sizes AS (
  SELECT joined.cohort, COUNT(*) AS entered FROM joined GROUP BY joined.cohort
),

kept AS (
  SELECT joined.cohort, months.month, COUNT(*) AS retained
  FROM held
  INNER JOIN joined ON joined.holder = held.holder
  INNER JOIN months
    ON held.day <= months.as_of_day AND (held.next_day IS NULL OR held.next_day > months.as_of_day)
  WHERE held.holds
  GROUP BY joined.cohort, months.month
)

SELECT
  CAST(sizes.cohort AS DATE) AS cohort,
  months.month AS month,
  months.as_of_day AS as_of_day,
  sizes.entered AS entered,
  COALESCE(kept.retained, 0) AS retained,
  sizes.entered - COALESCE(kept.retained, 0) AS exited,
  COALESCE(kept.retained, 0) / sizes.entered AS retained_share
FROM sizes
INNER JOIN months ON months.month >= sizes.cohort
LEFT JOIN kept ON kept.cohort = sizes.cohort AND kept.month = months.month
ORDER BY cohort, month
