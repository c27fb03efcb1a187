-- Supply that files told of places that are not derived here, and of book entry, in force on each day: of each place
-- the newest figure up to the day. A figure for a whole product on a chain goes before those of its tokens there.
-- Wrappers and copies count nowhere, and a place that is derived here has its supply from events.
-- grain: product, day, scope, token (none for a whole product), chain · kind: step, not stored
WITH chain_names AS (
  SELECT deployments.chain, MAX(deployments.chain_id) AS chain_id
  FROM deployments
  GROUP BY deployments.chain
),

newest AS (
  SELECT
    external_supply.scope,
    external_supply.name,
    COALESCE(chain_names.chain_id, external_supply.chain) AS chain_id,
    external_supply.day,
    external_supply.supply,
    external_supply.source,
    ROW_NUMBER() OVER (
      PARTITION BY external_supply.scope, external_supply.name, external_supply.chain, external_supply.day
      ORDER BY external_supply.imported_at DESC, external_supply.source
    ) AS age
  FROM external_supply
  LEFT JOIN chain_names ON chain_names.chain = external_supply.chain
  WHERE external_supply.superseded_at IS NULL
),

spells AS (
  SELECT
    newest.scope,
    newest.name,
    newest.chain_id,
    newest.day,
    newest.supply,
    newest.source,
    LEAD(newest.day) OVER (PARTITION BY newest.scope, newest.name, newest.chain_id ORDER BY newest.day) AS until_day
  FROM newest
  WHERE newest.age = 1
),

product_days AS (
  SELECT DISTINCT product_cells.product, product_cells.day FROM product_cells
),

for_products AS (
  SELECT
    product_days.product,
    product_days.day,
    spells.chain_id,
    spells.supply,
    spells.source,
    spells.day AS as_of
  FROM product_days
  INNER JOIN spells
    ON spells.scope = 'product'
    AND spells.name = product_days.product
    AND spells.day <= product_days.day
    AND (spells.until_day IS NULL OR spells.until_day > product_days.day)
  WHERE NOT EXISTS (
    SELECT 1 AS is_derived
    FROM product_cells
    WHERE product_cells.product = product_days.product
      AND product_cells.day = product_days.day
      AND product_cells.chain_id = spells.chain_id
      AND product_cells.is_here
  )
),

for_tokens AS (
  SELECT
    product_days.product,
    product_days.day,
    spells.name AS token,
    spells.chain_id,
    spells.supply,
    spells.source,
    spells.day AS as_of
  FROM product_days
  INNER JOIN tokens ON tokens.product = product_days.product
  INNER JOIN spells
    ON spells.scope = 'token'
    AND spells.name = tokens.token
    AND spells.day <= product_days.day
    AND (spells.until_day IS NULL OR spells.until_day > product_days.day)
  LEFT JOIN product_cells
    ON product_cells.product = product_days.product
    AND product_cells.day = product_days.day
    AND product_cells.token = spells.name
    AND product_cells.chain_id = spells.chain_id
  WHERE NOT COALESCE(product_cells.is_here OR product_cells.is_copy, FALSE)
    AND EXISTS (
      SELECT 1 AS counts
      FROM product_cells AS any_place
      WHERE any_place.product = product_days.product AND any_place.token = spells.name
    )
)

SELECT
  for_products.product AS product,
  for_products.day AS day,
  CAST(NULL AS VARCHAR) AS token,
  for_products.chain_id AS chain_id,
  for_products.supply AS supply,
  for_products.source AS source,
  for_products.as_of AS as_of
FROM for_products
UNION ALL
SELECT
  for_tokens.product AS product,
  for_tokens.day AS day,
  for_tokens.token AS token,
  for_tokens.chain_id AS chain_id,
  for_tokens.supply AS supply,
  for_tokens.source AS source,
  for_tokens.as_of AS as_of
FROM for_tokens
LEFT JOIN for_products
  ON for_products.product = for_tokens.product
  AND for_products.day = for_tokens.day
  AND for_products.chain_id = for_tokens.chain_id
WHERE for_products.product IS NULL
