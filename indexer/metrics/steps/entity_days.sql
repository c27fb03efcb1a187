-- From which close on an issuer's registry joins a wallet to an entity, and from which no more. Blocks of the registry
-- are held against the token's last entry up to a close: what it said after that entry is known from the next one on.
-- grain: token, chain, wallet, entity and its time · kind: step, not stored
WITH last_blocks AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    MAX(of_day.block_number) OVER (
      PARTITION BY closes.token, closes.chain_id
      ORDER BY closes.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS block_number
  FROM closes
  INNER JOIN (SELECT DISTINCT entity_wallets.token, entity_wallets.chain_id FROM entity_wallets) AS joined
    ON joined.token = closes.token AND joined.chain_id = closes.chain_id
  LEFT JOIN (
    SELECT entries.token, entries.chain_id, entries.day, MAX(entries.block_number) AS block_number
    FROM entries
    GROUP BY entries.token, entries.chain_id, entries.day
  ) AS of_day
    ON of_day.token = closes.token AND of_day.chain_id = closes.chain_id AND of_day.day = closes.day
),

news AS (
  SELECT last_blocks.token, last_blocks.chain_id, last_blocks.block_number, MIN(last_blocks.day) AS day
  FROM last_blocks
  WHERE last_blocks.block_number IS NOT NULL
  GROUP BY last_blocks.token, last_blocks.chain_id, last_blocks.block_number
)

SELECT
  entity_wallets.token AS token,
  entity_wallets.chain_id AS chain_id,
  entity_wallets.wallet AS wallet,
  CONCAT(entity_wallets.platform, ' ', entity_wallets.entity) AS entity,
  MIN(CASE WHEN news.block_number >= entity_wallets.from_block THEN news.day END) AS since,
  MIN(CASE WHEN news.block_number > entity_wallets.to_block THEN news.day END) AS until_day
FROM entity_wallets
INNER JOIN news ON news.token = entity_wallets.token AND news.chain_id = entity_wallets.chain_id
GROUP BY
  entity_wallets.token,
  entity_wallets.chain_id,
  entity_wallets.wallet,
  entity_wallets.platform,
  entity_wallets.contract,
  entity_wallets.entity,
  entity_wallets.from_block,
  entity_wallets.to_block
HAVING MIN(CASE WHEN news.block_number >= entity_wallets.from_block THEN news.day END) IS NOT NULL
