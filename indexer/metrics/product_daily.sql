-- A product over all its tokens and chains at the close of every UTC day. Nothing is added twice: wrappers are left
-- out, copies stand for what is locked in the native supply, and value_net leaves out what other products hold in
-- reserve. Units of several tokens add on days on which all have one price; on others only their values add. Where a
-- place is neither derived here nor told by a file, the row is not complete, says so, and sums what is known.
-- grain: product, day · kind: stock
WITH places AS (
  SELECT
    product_cells.product,
    product_cells.day,
    COUNT(DISTINCT CASE WHEN product_cells.is_here THEN product_cells.chain_id END) AS chains_indexed,
    COUNT(DISTINCT product_cells.chain_id) AS chains_known,
    MIN(
      CASE
        WHEN product_cells.is_here OR product_cells.is_to_come OR product_cells.is_copy THEN NULL
        WHEN product_elsewhere.product IS NULL
          THEN CONCAT('no figure for ', product_cells.token, ' on ', product_cells.chain, ' is known here')
      END
    ) AS why_absent,
    MIN(product_cells.supply_why_null) AS supply_why_null,
    MIN(CASE WHEN product_cells.is_published OR NOT product_cells.is_here THEN 1 ELSE 0 END) = 1 AS is_published,
    MAX(product_cells.published_at) AS published_at
  FROM product_cells
  LEFT JOIN product_elsewhere
    ON product_elsewhere.product = product_cells.product
    AND product_elsewhere.day = product_cells.day
    AND product_elsewhere.chain_id = product_cells.chain_id
    AND (product_elsewhere.token IS NULL OR product_elsewhere.token = product_cells.token)
  GROUP BY product_cells.product, product_cells.day
),

-- The price of a token is the newest in force on any of its chains.
prices AS (
  SELECT
    ranked.product,
    ranked.day,
    ranked.token,
    ranked.nav,
    ranked.nav_currency,
    ranked.nav_kind
  FROM (
    SELECT
      product_cells.product,
      product_cells.day,
      product_cells.token,
      product_cells.nav,
      product_cells.nav_currency,
      product_cells.nav_kind,
      ROW_NUMBER() OVER (
        PARTITION BY product_cells.product, product_cells.day, product_cells.token
        ORDER BY product_cells.nav_effective_at DESC, product_cells.chain_id
      ) AS age
    FROM product_cells
    WHERE product_cells.nav IS NOT NULL
  ) AS ranked
  WHERE ranked.age = 1
),

-- Closes that the events told. Sums are estimated in DOUBLE first, and NULL where those of all tokens might pass 38
-- digits.
here AS (
  SELECT
    product_cells.product,
    product_cells.day,
    product_cells.token,
    CASE
      WHEN SUM(ABS(CAST(product_cells.supply AS DOUBLE))) < 9e17
        THEN SUM(CASE WHEN product_cells.is_copy THEN CAST(0 AS DECIMAL(38, 18)) ELSE product_cells.supply END)
    END AS supply,
    CASE
      WHEN SUM(ABS(CAST(product_cells.supply AS DOUBLE))) < 9e17
        THEN SUM(
          CASE
            WHEN product_cells.is_copy THEN product_cells.circulating - product_cells.supply
            ELSE product_cells.circulating + product_cells.locked
          END
        )
    END AS circulating,
    CASE
      WHEN SUM(ABS(CAST(product_cells.supply AS DOUBLE))) < 9e17 THEN SUM(product_cells.held_by_other_products)
    END AS held,
    MIN(product_cells.supply_why_null) AS supply_why_null,
    MIN(product_cells.circulating_why_null) AS circulating_why_null
  FROM product_cells
  WHERE product_cells.is_here
  GROUP BY product_cells.product, product_cells.day, product_cells.token
),

told AS (
  SELECT
    product_elsewhere.product,
    product_elsewhere.day,
    product_elsewhere.token,
    SUM(product_elsewhere.supply) AS supply
  FROM product_elsewhere
  WHERE product_elsewhere.token IS NOT NULL
  GROUP BY product_elsewhere.product, product_elsewhere.day, product_elsewhere.token
),

told_whole AS (
  SELECT
    product_elsewhere.product,
    product_elsewhere.day,
    SUM(CASE WHEN product_elsewhere.token IS NULL THEN product_elsewhere.supply END) AS supply,
    COUNT(*) AS figures,
    MIN(product_elsewhere.as_of) AS as_of,
    STRING_AGG(DISTINCT product_elsewhere.source, ', ' ORDER BY product_elsewhere.source) AS source
  FROM product_elsewhere
  GROUP BY product_elsewhere.product, product_elsewhere.day
),

token_days AS (
  SELECT
    product_transit.product,
    product_transit.day,
    product_transit.token,
    COALESCE(here.supply, CAST(0 AS DECIMAL(38, 18))) AS supply,
    COALESCE(here.circulating, CAST(0 AS DECIMAL(38, 18))) AS circulating,
    COALESCE(here.held, CAST(0 AS DECIMAL(38, 18))) AS held,
    COALESCE(told.supply, CAST(0 AS DECIMAL(38, 18))) AS elsewhere,
    product_transit.in_transit,
    prices.nav,
    prices.nav_currency,
    prices.nav_kind,
    here.product IS NOT NULL AND here.supply IS NULL AND here.supply_why_null IS NULL AS is_too_large,
    here.circulating_why_null,
    product_transit.why_null AS transit_why_null,
    COALESCE(here.supply <> 0, FALSE)
      OR COALESCE(told.supply <> 0, FALSE)
      OR COALESCE(product_transit.in_transit <> 0, TRUE) AS has_something
  FROM product_transit
  LEFT JOIN here
    ON here.product = product_transit.product
    AND here.day = product_transit.day
    AND here.token = product_transit.token
  LEFT JOIN told
    ON told.product = product_transit.product
    AND told.day = product_transit.day
    AND told.token = product_transit.token
  LEFT JOIN prices
    ON prices.product = product_transit.product
    AND prices.day = product_transit.day
    AND prices.token = product_transit.token
),

summed AS (
  SELECT
    token_days.product,
    token_days.day,
    SUM(token_days.supply) AS supply,
    SUM(token_days.circulating) AS circulating,
    SUM(token_days.held) AS held,
    SUM(token_days.elsewhere) AS elsewhere,
    SUM(token_days.in_transit) AS in_transit,
    SUM(exact_value(token_days.circulating, token_days.nav)) AS circulating_value,
    SUM(exact_value(token_days.in_transit, token_days.nav)) AS transit_value,
    SUM(exact_value(token_days.elsewhere, token_days.nav)) AS elsewhere_value,
    SUM(exact_value(token_days.held, token_days.nav)) AS held_value,
    MAX(CASE WHEN token_days.has_something THEN token_days.nav END) AS nav,
    STRING_AGG(
      DISTINCT CASE WHEN token_days.has_something THEN token_days.nav_kind END, ', '
      ORDER BY CASE WHEN token_days.has_something THEN token_days.nav_kind END
    ) AS price_kinds,
    COUNT(CASE WHEN token_days.has_something THEN 1 END) <= 1
      OR (
        COUNT(CASE WHEN token_days.has_something THEN 1 END)
        = COUNT(CASE WHEN token_days.has_something THEN token_days.nav END)
        AND COUNT(DISTINCT CASE WHEN token_days.has_something THEN token_days.nav END) = 1
        AND COUNT(DISTINCT CASE WHEN token_days.has_something THEN token_days.nav_currency END) = 1
      ) AS units_add,
    MIN(
      CASE
        WHEN token_days.is_too_large
          THEN CONCAT('the supplies of ', token_days.token, ' sum to more than 38 digits')
      END
    ) AS size_why_null,
    MIN(
      CASE
        WHEN token_days.has_something AND token_days.nav IS NULL
          THEN CONCAT('no price of ', token_days.token, ' is known')
        WHEN token_days.has_something AND token_days.nav_currency <> products.currency
          THEN CONCAT('the price of ', token_days.token, ' is in ', token_days.nav_currency)
        WHEN token_days.has_something AND exact_value(token_days.circulating, token_days.nav) IS NULL
          THEN CONCAT('the value of ', token_days.token, ' passes 38 digits with 6 decimals')
      END
    ) AS value_why_null,
    MIN(token_days.circulating_why_null) AS circulating_why_null,
    MIN(token_days.transit_why_null) AS transit_why_null
  FROM token_days
  INNER JOIN products ON products.product = token_days.product
  GROUP BY token_days.product, token_days.day
),

judged AS (
  SELECT
    summed.product,
    summed.day,
    summed.supply,
    summed.circulating,
    summed.in_transit,
    summed.elsewhere + COALESCE(told_whole.supply, CAST(0 AS DECIMAL(38, 18))) AS elsewhere,
    summed.held,
    COALESCE(summed.circulating_value, CAST(0 AS DECIMAL(38, 6)))
      + COALESCE(summed.transit_value, CAST(0 AS DECIMAL(38, 6)))
      + COALESCE(summed.elsewhere_value, CAST(0 AS DECIMAL(38, 6)))
      + COALESCE(exact_value(told_whole.supply, summed.nav), CAST(0 AS DECIMAL(38, 6))) AS value_gross,
    COALESCE(summed.held_value, CAST(0 AS DECIMAL(38, 6))) AS held_value,
    summed.units_add,
    summed.price_kinds,
    told_whole.as_of,
    told_whole.source,
    places.chains_indexed,
    places.chains_known,
    places.is_published,
    places.published_at,
    places.why_absent,
    COALESCE(places.supply_why_null, summed.size_why_null) AS supply_why_null,
    COALESCE(places.supply_why_null, summed.size_why_null, summed.circulating_why_null) AS circulating_why_null,
    summed.transit_why_null,
    summed.value_why_null,
    CASE
      WHEN NOT summed.units_add
        THEN COALESCE(summed.value_why_null, 'its tokens have different prices: their values add, their units do not')
    END AS units_why_null,
    CASE
      WHEN told_whole.supply IS NOT NULL AND NOT summed.units_add
        THEN 'a figure for the whole product has no one price: its tokens have several'
      WHEN told_whole.supply <> 0 AND summed.nav IS NULL THEN 'no price of the product is known'
    END AS told_why_null
  FROM summed
  INNER JOIN places ON places.product = summed.product AND places.day = summed.day
  LEFT JOIN told_whole ON told_whole.product = summed.product AND told_whole.day = summed.day
)

SELECT
  judged.product AS product,
  judged.day AS day,
  CASE WHEN COALESCE(judged.supply_why_null, judged.units_why_null) IS NULL THEN judged.supply END AS supply,
  CASE
    WHEN COALESCE(judged.circulating_why_null, judged.units_why_null) IS NULL THEN judged.circulating
  END AS circulating,
  CASE WHEN COALESCE(judged.transit_why_null, judged.units_why_null) IS NULL THEN judged.in_transit END AS in_transit,
  CASE WHEN COALESCE(judged.why_absent, judged.units_why_null) IS NULL THEN judged.elsewhere END AS elsewhere,
  judged.source AS elsewhere_source,
  judged.as_of AS elsewhere_as_of,
  CASE
    WHEN COALESCE(judged.circulating_why_null, judged.units_why_null) IS NULL THEN judged.held
  END AS held_by_other_products,
  CASE
    WHEN COALESCE(judged.circulating_why_null, judged.value_why_null, judged.told_why_null) IS NULL
      THEN judged.value_gross
  END AS value_gross,
  CASE
    WHEN COALESCE(judged.circulating_why_null, judged.value_why_null, judged.told_why_null) IS NULL
      THEN judged.value_gross - judged.held_value
  END AS value_net,
  CASE
    WHEN COALESCE(judged.circulating_why_null, judged.value_why_null, judged.told_why_null) IS NULL
      THEN judged.price_kinds
  END AS price_kinds,
  judged.chains_indexed AS chains_indexed,
  judged.chains_known AS chains_known,
  COALESCE(judged.why_absent, judged.supply_why_null, judged.transit_why_null) IS NULL AS complete,
  COALESCE(judged.why_absent, judged.supply_why_null, judged.transit_why_null) AS why_incomplete,
  CASE WHEN judged.supply_why_null IS NULL THEN 'full' ELSE 'partial' END AS coverage,
  CASE WHEN judged.is_published THEN judged.published_at END AS published_at,
  COALESCE(
    judged.circulating_why_null,
    judged.units_why_null,
    judged.transit_why_null,
    judged.why_absent,
    judged.value_why_null,
    judged.told_why_null
  ) AS why_null
FROM judged
