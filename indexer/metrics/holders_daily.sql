-- How many addresses hold at the close of every UTC day. addresses: balanceOf answers at least one base unit, contracts
-- and 0x0 included. holders: the same without excluded, escrow, wrapper and locker roles and without 0x0, and with
-- the requesters who hold nothing but what they have behind an escrow (steps/requesters.sql).
-- entities: holders, those whom the issuer's own registry joins counted as one (steps/entity_days.sql).
-- Shares, hhi (sum of squared shares), gini and nakamoto (the fewest who have more than half) are of what these
-- holders hold and have behind escrows, in units (steps/holder_weights.sql); of several chains each turned by its rate.
-- NULL where nobody holds. lower_bound: an omnibus wallet holds omnibus_share of it for others.
-- addresses = addresses of the day before + entered - exited. Chain `all` counts an address once over all chains.
-- grain: token, chain or `all`, day · kind: stock (entered, exited: flow)
WITH changes AS (
  SELECT
    held_changes.token,
    held_changes.chain_id,
    held_changes.day,
    COUNT(CASE WHEN held_changes.change > 0 THEN 1 END) AS entered,
    COUNT(CASE WHEN held_changes.change < 0 THEN 1 END) AS exited
  FROM held_changes
  GROUP BY held_changes.token, held_changes.chain_id, held_changes.day
),

counted AS (
  SELECT
    holder_grid.token,
    holder_grid.chain_id,
    holder_grid.day,
    COALESCE(changes.entered, 0) AS entered,
    COALESCE(changes.exited, 0) AS exited,
    CAST(
      SUM(COALESCE(changes.entered, 0) - COALESCE(changes.exited, 0)) OVER (
        PARTITION BY holder_grid.token, holder_grid.chain_id
        ORDER BY holder_grid.day
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS BIGINT
    ) AS addresses,
    COALESCE(role_holders.excluded, 0) AS excluded,
    COALESCE(requesters.requesters, 0) AS requesters,
    holder_grid.coverage,
    holder_grid.published_at,
    holder_grid.why_null,
    LAG(holder_grid.why_null) OVER (
      PARTITION BY holder_grid.token, holder_grid.chain_id ORDER BY holder_grid.day
    ) AS why_null_before
  FROM holder_grid
  LEFT JOIN changes
    ON changes.token = holder_grid.token
    AND changes.chain_id = holder_grid.chain_id
    AND changes.day = holder_grid.day
  LEFT JOIN role_holders
    ON role_holders.token = holder_grid.token
    AND role_holders.chain_id = holder_grid.chain_id
    AND role_holders.day = holder_grid.day
  LEFT JOIN requesters
    ON requesters.token = holder_grid.token
    AND requesters.chain_id = holder_grid.chain_id
    AND requesters.day = holder_grid.day
)

SELECT
  counted.token AS token,
  counted.chain_id AS chain_id,
  counted.day AS day,
  CASE WHEN counted.why_null IS NULL THEN counted.addresses END AS addresses,
  CASE
    WHEN counted.why_null IS NULL THEN counted.addresses - counted.excluded + counted.requesters
  END AS holders,
  CASE WHEN counted.why_null IS NULL THEN COALESCE(concentration.entities, 0) END AS entities,
  CASE WHEN COALESCE(counted.why_null, counted.why_null_before) IS NULL THEN counted.entered END AS entered,
  CASE WHEN COALESCE(counted.why_null, counted.why_null_before) IS NULL THEN counted.exited END AS exited,
  CASE WHEN counted.why_null IS NULL THEN concentration.top1_share END AS top1_share,
  CASE WHEN counted.why_null IS NULL THEN concentration.top5_share END AS top5_share,
  CASE WHEN counted.why_null IS NULL THEN concentration.top10_share END AS top10_share,
  CASE WHEN counted.why_null IS NULL THEN concentration.top50_share END AS top50_share,
  CASE WHEN counted.why_null IS NULL THEN concentration.hhi END AS hhi,
  CASE WHEN counted.why_null IS NULL THEN concentration.gini END AS gini,
  CASE WHEN counted.why_null IS NULL THEN concentration.nakamoto END AS nakamoto,
  CASE WHEN counted.why_null IS NULL THEN concentration.lower_bound END AS lower_bound,
  CASE WHEN counted.why_null IS NULL THEN concentration.omnibus_share END AS omnibus_share,
  counted.coverage AS coverage,
  counted.published_at AS published_at,
  COALESCE(
    counted.why_null,
    counted.why_null_before,
    CASE WHEN concentration.hhi IS NULL THEN 'nobody holds anything, so there are no shares' END
  ) AS why_null
FROM counted
LEFT JOIN concentration
  ON concentration.token = counted.token
  AND concentration.chain_id = counted.chain_id
  AND concentration.day = counted.day
