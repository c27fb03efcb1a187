-- Who was active on every UTC day and how much moved. An entry that moved nothing makes nobody active, because anyone
-- can log a transfer of nothing in another's name; the zero address never counts.
-- volume_adjusted: per transaction the sum of positive net balance changes, over entries with reason transfer and
-- addresses without a role at that time. turnover_30d: volume_adjusted of 30 days over the supply at the close.
-- grain: token, chain, day · kind: flow
WITH sides AS (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.block_number,
    entries.tx_index,
    entries.block_time,
    entries.from_address AS address,
    -entries.amount AS amount,
    entries.reason = 'transfer' AS is_transfer,
    1 AS sends,
    0 AS receives
  FROM entries
  WHERE entries.from_address <> '0x0000000000000000000000000000000000000000'
    AND entries.effect <> 'none'
    AND COALESCE(entries.units, 1) <> 0
  UNION ALL
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.block_number,
    entries.tx_index,
    entries.block_time,
    entries.to_address AS address,
    entries.amount,
    entries.reason = 'transfer' AS is_transfer,
    0 AS sends,
    1 AS receives
  FROM entries
  WHERE entries.to_address <> '0x0000000000000000000000000000000000000000'
    AND entries.effect <> 'none'
    AND COALESCE(entries.units, 1) <> 0
),

-- Once per address and day first: distinct counts over whole entries cost several times as much.
seen AS (
  SELECT
    sides.token,
    sides.chain_id,
    sides.day,
    sides.address,
    MAX(sides.sends) AS sends,
    MAX(sides.receives) AS receives
  FROM sides
  GROUP BY sides.token, sides.chain_id, sides.day, sides.address
),

addresses AS (
  SELECT
    seen.token,
    seen.chain_id,
    seen.day,
    CAST(SUM(seen.sends) AS BIGINT) AS senders,
    CAST(SUM(seen.receives) AS BIGINT) AS receivers,
    COUNT(*) AS active_addresses
  FROM seen
  GROUP BY seen.token, seen.chain_id, seen.day
),

volumes AS (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    COUNT(*) AS transfers,
    COUNT(*) = COUNT(entries.amount) AS is_known,
    SUM(entries.amount) AS amount,
    MIN(entries.amount_why_null) AS why_null
  FROM entries
  GROUP BY entries.token, entries.chain_id, entries.day
),

nets AS (
  SELECT
    sides.token,
    sides.chain_id,
    sides.day,
    sides.block_time,
    sides.address,
    SUM(sides.amount) AS amount
  FROM sides
  WHERE sides.is_transfer
  GROUP BY
    sides.token,
    sides.chain_id,
    sides.day,
    sides.block_number,
    sides.tx_index,
    sides.block_time,
    sides.address
  HAVING SUM(sides.amount) > 0
),

adjusted AS (
  SELECT nets.token, nets.chain_id, nets.day, SUM(nets.amount) AS amount
  FROM nets
  WHERE NOT EXISTS (
    SELECT 1 AS has_role
    FROM address_roles
    WHERE address_roles.token = nets.token
      AND address_roles.chain_id = nets.chain_id
      AND address_roles.address = nets.address
      AND (address_roles.from_time IS NULL OR address_roles.from_time <= nets.block_time)
      AND (address_roles.to_time IS NULL OR address_roles.to_time > nets.block_time)
  )
  GROUP BY nets.token, nets.chain_id, nets.day
),

daily AS (
  SELECT
    closes.token,
    closes.chain_id,
    closes.day,
    COALESCE(addresses.senders, 0) AS senders,
    COALESCE(addresses.receivers, 0) AS receivers,
    COALESCE(addresses.active_addresses, 0) AS active_addresses,
    COALESCE(volumes.transfers, 0) AS transfers,
    CASE
      WHEN COALESCE(volumes.is_known, TRUE) THEN COALESCE(volumes.amount, CAST(0 AS DECIMAL(38, 18)))
    END AS volume_raw,
    CASE
      WHEN COALESCE(volumes.is_known, TRUE) THEN COALESCE(adjusted.amount, CAST(0 AS DECIMAL(38, 18)))
    END AS volume_adjusted,
    closes.supply,
    closes.coverage,
    closes.published_at,
    volumes.why_null AS volume_why_null,
    closes.why_null
  FROM closes
  LEFT JOIN addresses
    ON addresses.token = closes.token AND addresses.chain_id = closes.chain_id AND addresses.day = closes.day
  LEFT JOIN volumes
    ON volumes.token = closes.token AND volumes.chain_id = closes.chain_id AND volumes.day = closes.day
  LEFT JOIN adjusted
    ON adjusted.token = closes.token AND adjusted.chain_id = closes.chain_id AND adjusted.day = closes.day
),

-- Days before the first one of a run from a day on are told by it.
spans AS (
  SELECT daily.token, daily.chain_id, daily.day, daily.volume_adjusted
  FROM daily
  LEFT JOIN activity_before
    ON activity_before.token = daily.token
    AND activity_before.chain_id = daily.chain_id
    AND activity_before.day = daily.day
  WHERE activity_before.token IS NULL
  UNION ALL
  SELECT activity_before.token, activity_before.chain_id, activity_before.day, activity_before.volume_adjusted
  FROM activity_before
),

-- Whole units and the rest are summed apart, exactly, because 30 days may pass 38 digits together.
rolled AS (
  SELECT
    spans.token,
    spans.chain_id,
    spans.day,
    COUNT(*) OVER last_30 = COUNT(spans.volume_adjusted) OVER last_30 AS is_known,
    CAST(SUM(CAST(spans.volume_adjusted AS DECIMAL(38, 0))) OVER last_30 AS DOUBLE)
    + CAST(
      SUM(spans.volume_adjusted - CAST(CAST(spans.volume_adjusted AS DECIMAL(38, 0)) AS DECIMAL(38, 18))) OVER last_30
      AS DOUBLE
    ) AS volume
  FROM spans
  WINDOW last_30 AS (
    PARTITION BY spans.token, spans.chain_id
    ORDER BY spans.day
    ROWS BETWEEN 29 PRECEDING AND CURRENT ROW
  )
),

windowed AS (
  SELECT
    daily.token,
    daily.chain_id,
    daily.day,
    daily.senders,
    daily.receivers,
    daily.active_addresses,
    daily.transfers,
    daily.volume_raw,
    daily.volume_adjusted,
    CASE WHEN daily.supply > 0 AND rolled.is_known THEN rolled.volume / CAST(daily.supply AS DOUBLE) END
      AS turnover_30d,
    daily.coverage,
    daily.published_at,
    daily.volume_why_null,
    daily.why_null,
    daily.supply
  FROM daily
  INNER JOIN rolled
    ON rolled.token = daily.token AND rolled.chain_id = daily.chain_id AND rolled.day = daily.day
)

SELECT
  windowed.token AS token,
  windowed.chain_id AS chain_id,
  windowed.day AS day,
  windowed.senders AS senders,
  windowed.receivers AS receivers,
  windowed.active_addresses AS active_addresses,
  windowed.transfers AS transfers,
  windowed.volume_raw AS volume_raw,
  windowed.volume_adjusted AS volume_adjusted,
  windowed.turnover_30d AS turnover_30d,
  windowed.coverage AS coverage,
  windowed.published_at AS published_at,
  COALESCE(
    windowed.volume_why_null,
    windowed.why_null,
    CASE WHEN windowed.supply = 0 THEN 'there is no supply to divide the volume by' END,
    CASE WHEN windowed.turnover_30d IS NULL THEN 'the volume of one of the last 30 days is not known' END
  ) AS why_null
FROM windowed
