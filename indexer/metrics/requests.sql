-- Each request at its last step: what still waits, and how the others ended. Steps are joined by kind and id; a step
-- without an id is a request of its own. A figure is that of the last step which told it.
-- grain: token, chain, request, kind · kind: stock
WITH steps AS (
  SELECT
    request_events.token,
    request_events.chain_id,
    request_events.contract,
    COALESCE(
      request_events.request_id,
      CONCAT(request_events.tx_hash, ':', CAST(request_events.log_index AS VARCHAR))
    ) AS request,
    request_events.kind,
    request_events.phase,
    request_events.holder,
    request_events.receiver,
    request_events.units,
    request_events.asset,
    request_events.asset_amount,
    request_events.price,
    request_events.fee,
    request_events.block_number,
    request_events.block_time,
    request_events.log_index,
    request_events.tx_hash
  FROM request_events
),

told AS (
  SELECT
    steps.token,
    steps.chain_id,
    steps.contract,
    steps.request,
    steps.kind,
    steps.phase,
    LAST_VALUE(steps.holder IGNORE NULLS) OVER whole AS holder,
    LAST_VALUE(steps.receiver IGNORE NULLS) OVER whole AS receiver,
    LAST_VALUE(steps.units IGNORE NULLS) OVER whole AS units,
    LAST_VALUE(steps.asset IGNORE NULLS) OVER whole AS asset,
    LAST_VALUE(steps.asset_amount IGNORE NULLS) OVER whole AS asset_amount,
    LAST_VALUE(steps.price IGNORE NULLS) OVER whole AS price,
    LAST_VALUE(steps.fee IGNORE NULLS) OVER whole AS fee,
    COUNT(*) OVER whole AS steps,
    MIN(steps.block_time) OVER whole AS first_at,
    MIN(steps.block_number) OVER whole AS first_block,
    steps.block_time,
    steps.block_number,
    steps.tx_hash,
    ROW_NUMBER() OVER (
      PARTITION BY steps.token, steps.chain_id, steps.request, steps.kind
      ORDER BY steps.block_number DESC, steps.log_index DESC
    ) AS from_end
  FROM steps
  WINDOW whole AS (
    PARTITION BY steps.token, steps.chain_id, steps.request, steps.kind
    ORDER BY steps.block_number, steps.log_index
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
  )
)

SELECT
  told.token AS token,
  told.chain_id AS chain_id,
  told.contract AS contract,
  told.request AS request,
  told.kind AS kind,
  told.phase AS phase,
  told.phase IN ('requested', 'changed', 'approved', 'claimable') AS is_open,
  told.holder AS holder,
  told.receiver AS receiver,
  told.units AS units,
  told.asset AS asset,
  told.asset_amount AS asset_amount,
  told.price AS price,
  told.fee AS fee,
  told.steps AS steps,
  told.first_at AS first_at,
  told.first_block AS first_block,
  told.block_time AS last_at,
  told.block_number AS last_block,
  told.tx_hash AS last_tx_hash,
  CASE WHEN told.units IS NULL THEN 'no step so far tells units' END AS why_null
FROM told
WHERE told.from_end = 1
