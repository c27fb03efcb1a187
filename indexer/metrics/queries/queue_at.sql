-- Requests of a token on a chain at a cut, by kind: how long those that settled waited, and which still wait.
-- A wait runs from a request's first step to its settlement; a request told in one step had none and is not counted in
-- it. p50 and p95 are by nearest rank: the shortest wait that so many percent of the waits do not exceed.
-- grain: kind · kind: stock · unit: requests, seconds, base units
WITH steps AS (
  SELECT
    request_events.kind,
    COALESCE(
      request_events.request_id,
      CONCAT(request_events.tx_hash, ':', CAST(request_events.log_index AS VARCHAR))
    ) AS request,
    request_events.phase,
    request_events.units,
    request_events.block_time,
    ROW_NUMBER() OVER (
      PARTITION BY
        request_events.kind,
        COALESCE(
          request_events.request_id,
          CONCAT(request_events.tx_hash, ':', CAST(request_events.log_index AS VARCHAR))
        )
      ORDER BY request_events.block_number DESC, request_events.log_index DESC
    ) AS from_end
  FROM request_events
  WHERE request_events.token = $token
    AND request_events.chain_id = $chain_id
    AND ($block IS NULL OR request_events.block_number <= $block)
    AND ($block IS NOT NULL OR request_events.block_time <= $until)
),

known AS (
  SELECT
    steps.kind,
    steps.request,
    COUNT(*) AS steps,
    MIN(steps.block_time) AS first_at,
    MAX(CASE WHEN steps.phase = 'settled' THEN steps.block_time END) AS settled_at,
    MAX(CASE WHEN steps.from_end = 1 THEN steps.phase END) AS phase,
    MAX(steps.units) AS units
  FROM steps
  GROUP BY steps.kind, steps.request
),

waited AS (
  SELECT
    known.kind,
    known.request,
    CASE
      WHEN known.phase = 'settled' AND known.steps > 1
        THEN DATE_DIFF('second', known.first_at, known.settled_at)
    END AS seconds,
    CASE
      WHEN known.phase IN ('requested', 'changed', 'approved', 'claimable')
        THEN DATE_DIFF('second', known.first_at, CAST($until AS TIMESTAMP))
    END AS age,
    known.phase,
    known.steps,
    known.first_at,
    known.units
  FROM known
),

ranked AS (
  SELECT
    waited.*,
    ROW_NUMBER() OVER (PARTITION BY waited.kind, waited.seconds IS NULL ORDER BY waited.seconds) AS rank,
    COUNT(waited.seconds) OVER (PARTITION BY waited.kind) AS waits
  FROM waited
)

SELECT
  ranked.kind AS kind,
  COUNT(*) AS requests,
  COUNT(CASE WHEN ranked.phase = 'settled' THEN 1 END) AS settled,
  COUNT(CASE WHEN ranked.phase IN ('cancelled', 'refunded') THEN 1 END) AS cancelled,
  MAX(ranked.waits) AS waits,
  MIN(CASE WHEN ranked.rank * 100 >= ranked.waits * 50 THEN ranked.seconds END) AS p50_seconds,
  MIN(CASE WHEN ranked.rank * 100 >= ranked.waits * 95 THEN ranked.seconds END) AS p95_seconds,
  COUNT(ranked.age) AS open,
  COUNT(CASE WHEN ranked.age < 86400 THEN 1 END) AS open_under_1d,
  COUNT(CASE WHEN ranked.age >= 86400 AND ranked.age < 3 * 86400 THEN 1 END) AS open_1d_to_3d,
  COUNT(CASE WHEN ranked.age >= 3 * 86400 AND ranked.age < 7 * 86400 THEN 1 END) AS open_3d_to_7d,
  COUNT(CASE WHEN ranked.age >= 7 * 86400 THEN 1 END) AS open_over_7d,
  MIN(CASE WHEN ranked.age IS NOT NULL THEN ranked.first_at END) AS oldest_open_at,
  MAX(ranked.age) AS oldest_open_seconds,
  CASE
    WHEN COUNT(CASE WHEN ranked.age IS NOT NULL AND ranked.units IS NULL THEN 1 END) = 0
      THEN COALESCE(SUM(CASE WHEN ranked.age IS NOT NULL THEN ranked.units END), 0)
  END AS open_units
FROM ranked
GROUP BY ranked.kind
ORDER BY ranked.kind
