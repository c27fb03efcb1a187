-- Values by product or by token and chain at the close of a day, and 7 and 30 days before, with the group each is of.
-- Products count with value_net in US dollars, which adds up; on a chain what circulates there counts, less wrappers.
-- Without a day each member counts on its newest whole day; with one, what is not told of that day has no value.
-- grain: group, member · kind: stock · unit: US dollars
WITH told AS (
  SELECT
    CASE
      WHEN $by = 'platform' THEN products.platform
      WHEN $by = 'asset-class' THEN products.asset_class
      ELSE products.product
    END AS name,
    product_daily.product AS member,
    product_daily.day,
    CASE WHEN products.currency = 'USD' THEN product_daily.value_net END AS value,
    product_daily.complete,
    product_daily.coverage,
    CASE
      WHEN products.currency <> 'USD' THEN CONCAT('is valued in ', products.currency)
      WHEN product_daily.value_net IS NULL THEN COALESCE(product_daily.why_null, 'has no value')
    END AS why
  FROM product_daily
  INNER JOIN products ON products.product = product_daily.product
  WHERE $by <> 'chain'
  UNION ALL
  SELECT
    chains.chain AS name,
    CONCAT(supply_daily.token, ' on ', chains.chain) AS member,
    supply_daily.day,
    supply_daily.value_usd AS value,
    TRUE AS complete,
    supply_daily.coverage,
    CASE
      WHEN supply_daily.value_usd IS NULL THEN COALESCE(supply_daily.why_null, 'has no value in US dollars')
    END AS why
  FROM supply_daily
  INNER JOIN chains ON chains.chain_id = supply_daily.chain_id
  INNER JOIN tokens ON tokens.token = supply_daily.token
  WHERE $by = 'chain' AND tokens.wraps IS NULL
),

newest AS (
  SELECT
    told.member,
    COALESCE(MAX(CASE WHEN told.coverage = 'full' THEN told.day END), MAX(told.day)) AS day
  FROM told
  WHERE $at IS NULL OR told.day <= CAST($at AS DATE)
  GROUP BY told.member
)

SELECT
  told.name AS name,
  told.member AS member,
  told.day AS day,
  CASE WHEN $at IS NULL OR told.day = CAST($at AS DATE) THEN told.value END AS value,
  week.value AS value_7d,
  month.value AS value_30d,
  told.complete AS complete,
  CASE
    WHEN $at IS NULL OR told.day = CAST($at AS DATE) THEN told.why
    ELSE CONCAT('is told up to ', CAST(told.day AS VARCHAR))
  END AS why
FROM newest
INNER JOIN told ON told.member = newest.member AND told.day = newest.day
LEFT JOIN told AS week ON week.member = told.member AND week.day = told.day - INTERVAL '7' DAY
LEFT JOIN told AS month ON month.member = told.member AND month.day = told.day - INTERVAL '30' DAY
ORDER BY name, member
