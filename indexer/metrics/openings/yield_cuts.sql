-- From which day on yields must be reckoned so that those from a cut on are right: a window reaches 34 days back, its
-- reason tells whether a source has dates before that, and the last period lies between its last two dates, however old.
-- Where a price is missing, or a step may have lacked one, all days are reckoned.
-- grain: token, chain
WITH dates AS (
  SELECT navs.token, navs.chain_id, CONCAT(navs.contract, ' ', navs.kind) AS source, navs.effective_at AS dated_at,
    GREATEST(navs.effective_at, navs.published_at) AS known_at
  FROM navs
  WHERE navs.kind <> 'par'
  UNION ALL
  SELECT rebases.token, rebases.chain_id, 'steps', rebases.effective_at, rebases.effective_at FROM rebases
  UNION ALL
  SELECT
    distributions.token, distributions.chain_id, 'payments',
    COALESCE(CAST(distributions.accrual_date AS TIMESTAMP), distributions.block_time), MIN(distributions.block_time)
  FROM distributions
  GROUP BY
    distributions.token, distributions.chain_id,
    COALESCE(CAST(distributions.accrual_date AS TIMESTAMP), distributions.block_time)
),

before AS (
  SELECT
    dates.token, dates.chain_id, dates.source, dates.dated_at, cuts.starts_at,
    MAX(dates.dated_at) OVER (PARTITION BY dates.token, dates.chain_id, dates.source) AS newest
  FROM dates
  INNER JOIN cuts ON cuts.token = dates.token AND cuts.chain_id = dates.chain_id
  WHERE dates.known_at < cuts.starts_at
),

reach AS (
  SELECT
    before.token, before.chain_id, before.source,
    COALESCE(
      MAX(CASE WHEN before.dated_at < before.newest - INTERVAL '2' DAY THEN before.dated_at END), MIN(before.dated_at)
    ) AS last_but_one,
    MAX(CASE WHEN before.dated_at < before.starts_at - INTERVAL '36' DAY THEN before.dated_at END) AS far_back
  FROM before
  GROUP BY before.token, before.chain_id, before.source
),

doubtful AS (
  SELECT navs.token, navs.chain_id FROM navs WHERE navs.price IS NULL OR navs.price <= 0
  UNION
  SELECT rebases.token, rebases.chain_id FROM rebases
  WHERE rebases.numerator IS NULL OR rebases.denominator IS NULL OR rebases.multiplier IS NULL
    OR rebases.numerator <= 0 OR rebases.denominator <= 0 OR rebases.multiplier <= 0
  UNION
  SELECT distributions.token, distributions.chain_id FROM distributions
  WHERE distributions.rate IS NULL OR distributions.price IS NULL OR distributions.price <= 0
  UNION
  SELECT stepped.token, stepped.chain_id
  FROM (
    SELECT rebases.token, rebases.chain_id FROM rebases
    UNION
    SELECT distributions.token, distributions.chain_id FROM distributions
  ) AS stepped
  LEFT JOIN (
    SELECT
      navs.token, navs.chain_id, MIN(navs.effective_at) AS first_at, MIN(CASE WHEN navs.kind = 'par' THEN 1 ELSE 0 END) AS is_par
    FROM navs
    GROUP BY navs.token, navs.chain_id
  ) AS pars
    ON pars.token = stepped.token AND pars.chain_id = stepped.chain_id
  INNER JOIN firsts ON firsts.token = stepped.token AND firsts.chain_id = stepped.chain_id
  WHERE pars.token IS NULL OR pars.is_par = 0 OR pars.first_at > firsts.first_at
)

SELECT
  cuts.token AS token,
  cuts.chain_id AS chain_id,
  CASE
    WHEN MAX(doubtful.token) IS NOT NULL THEN MAX(firsts.first_at)
    ELSE GREATEST(
      MAX(firsts.first_at),
      LEAST(
        MIN(cuts.starts_at) - INTERVAL '45' DAY, MIN(reach.last_but_one) - INTERVAL '2' DAY,
        MIN(reach.far_back) - INTERVAL '2' DAY
      )
    )
  END AS starts_at
FROM cuts
INNER JOIN firsts ON firsts.token = cuts.token AND firsts.chain_id = cuts.chain_id
LEFT JOIN reach ON reach.token = cuts.token AND reach.chain_id = cuts.chain_id
LEFT JOIN doubtful ON doubtful.token = cuts.token AND doubtful.chain_id = cuts.chain_id
GROUP BY cuts.token, cuts.chain_id
