-- Days of the products that the tokens belong to, the newest ones.
-- grain: product, day
WITH ranked AS (
  SELECT product_daily.*, DENSE_RANK() OVER (ORDER BY product_daily.day DESC) AS age
  FROM product_daily
  WHERE product_daily.product IN (
      SELECT tokens.product FROM tokens WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), tokens.token)
    )
    AND ($first IS NULL OR product_daily.day >= CAST($first AS DATE))
    AND ($last IS NULL OR product_daily.day <= CAST($last AS DATE))
)

SELECT ranked.* EXCLUDE (age)
FROM ranked
WHERE ranked.age <= $most
ORDER BY ranked.product, ranked.day
