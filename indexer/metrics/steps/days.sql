-- Every UTC day from a token's first event to the day of its frontier, with how far it is covered.
-- A day is over when it is covered to its last second. Where the covered run does not hold the token's
-- start, its first day may have begun before the run and is partial. why_null tells why stocks are NULL.
-- grain: token, chain, day · kind: step, not stored
WITH events AS (
  SELECT transfers.token, transfers.chain_id, transfers.block_time AS happened_at FROM transfers
  UNION ALL
  SELECT supply_changes.token, supply_changes.chain_id, supply_changes.effective_at AS happened_at
  FROM supply_changes
),

bounds AS (
  SELECT
    derivations.token,
    derivations.chain_id,
    derivations.frontier_time,
    derivations.covered_until,
    derivations.holds_start,
    COALESCE(
      derivations.why_null,
      CASE WHEN NOT derivations.holds_start THEN 'history starts before the first covered block' END
    ) AS why_null,
    MIN(events.happened_at) AS first_at
  FROM derivations
  INNER JOIN events ON events.token = derivations.token AND events.chain_id = derivations.chain_id
  GROUP BY
    derivations.token,
    derivations.chain_id,
    derivations.frontier_time,
    derivations.covered_until,
    derivations.holds_start,
    derivations.why_null
),

grid AS (
  SELECT
    bounds.token,
    bounds.chain_id,
    calendar.day,
    calendar.starts_at,
    calendar.ends_at,
    bounds.covered_until >= calendar.ends_at - INTERVAL '1' SECOND AS is_over,
    bounds.holds_start OR bounds.first_at < calendar.starts_at AS is_whole,
    bounds.why_null,
    MAX(calendar.day) OVER (PARTITION BY bounds.token, bounds.chain_id) AS last_day
  FROM bounds
  INNER JOIN calendar
    ON calendar.boundary = 'utc'
    AND calendar.ends_at > bounds.first_at
    AND calendar.starts_at <= bounds.frontier_time
),

-- A publication through a day beyond the grid (a frontier set back) published the grid's last day too.
published AS (
  SELECT grid.token, grid.chain_id, grid.day, MIN(publications.published_at) AS published_at
  FROM grid
  INNER JOIN publications
    ON publications.token = grid.token
    AND publications.chain_id = grid.chain_id
    AND (
      publications.through_day = grid.day
      OR (grid.day = grid.last_day AND publications.through_day > grid.day)
    )
  GROUP BY grid.token, grid.chain_id, grid.day
)

SELECT
  grid.token AS token,
  grid.chain_id AS chain_id,
  grid.day AS day,
  grid.starts_at AS starts_at,
  grid.ends_at AS ends_at,
  CASE WHEN grid.is_over AND grid.is_whole THEN 'full' ELSE 'partial' END AS coverage,
  CASE
    WHEN grid.is_over
      THEN MIN(published.published_at) OVER (
        PARTITION BY grid.token, grid.chain_id
        ORDER BY grid.day DESC
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      )
  END AS published_at,
  COALESCE(
    grid.why_null,
    CASE WHEN NOT grid.is_over THEN 'the day is not over at the frontier' END
  ) AS why_null
FROM grid
LEFT JOIN published
  ON published.token = grid.token
  AND published.chain_id = grid.chain_id
  AND published.day = grid.day
