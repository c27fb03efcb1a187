-- The price in force from an instant on, at each instant at which a source told something. Of each source its latest
-- observation stands until the next; among sources a known price goes before a gap, then the preferred kind, then the
-- later date. Closes (steps/nav_days.sql) and entries (steps/flow_values.sql) take the last step before them.
-- grain: token, chain, instant · kind: step, not stored
WITH instants AS (
  SELECT DISTINCT nav_observations.token, nav_observations.chain_id, nav_observations.known_at AS starts_at
  FROM nav_observations
),

learnt AS (
  SELECT
    nav_observations.token,
    nav_observations.chain_id,
    nav_observations.contract,
    nav_observations.preference,
    nav_observations.known_at,
    MAX(nav_observations.place) AS place
  FROM nav_observations
  GROUP BY
    nav_observations.token,
    nav_observations.chain_id,
    nav_observations.contract,
    nav_observations.preference,
    nav_observations.known_at
),

sources AS (
  SELECT DISTINCT learnt.token, learnt.chain_id, learnt.contract, learnt.preference FROM learnt
),

carried AS (
  SELECT
    instants.token,
    instants.chain_id,
    instants.starts_at,
    sources.contract,
    sources.preference,
    MAX(learnt.place) OVER (
      PARTITION BY instants.token, instants.chain_id, sources.contract, sources.preference
      ORDER BY instants.starts_at
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS place
  FROM instants
  INNER JOIN sources ON sources.token = instants.token AND sources.chain_id = instants.chain_id
  LEFT JOIN learnt
    ON learnt.token = instants.token
    AND learnt.chain_id = instants.chain_id
    AND learnt.contract = sources.contract
    AND learnt.preference = sources.preference
    AND learnt.known_at = instants.starts_at
),

chosen AS (
  SELECT
    carried.token,
    carried.chain_id,
    carried.starts_at,
    carried.contract,
    carried.preference,
    nav_observations.effective_at,
    nav_observations.stale_at,
    nav_observations.price,
    nav_observations.currency,
    nav_observations.kind,
    nav_observations.source,
    nav_observations.why_null,
    ROW_NUMBER() OVER (
      PARTITION BY carried.token, carried.chain_id, carried.starts_at
      ORDER BY
        CASE WHEN nav_observations.price IS NULL THEN 1 ELSE 0 END,
        carried.preference,
        nav_observations.effective_at DESC,
        nav_observations.published_at DESC,
        carried.contract
    ) AS choice
  FROM carried
  INNER JOIN nav_observations
    ON nav_observations.token = carried.token
    AND nav_observations.chain_id = carried.chain_id
    AND nav_observations.contract = carried.contract
    AND nav_observations.preference = carried.preference
    AND nav_observations.place = carried.place
)

SELECT
  chosen.token AS token,
  chosen.chain_id AS chain_id,
  ROW_NUMBER() OVER (PARTITION BY chosen.token, chosen.chain_id ORDER BY chosen.starts_at) AS step,
  chosen.starts_at AS starts_at,
  chosen.contract AS contract,
  chosen.preference AS preference,
  chosen.effective_at AS effective_at,
  chosen.stale_at AS stale_at,
  chosen.price AS price,
  chosen.currency AS currency,
  chosen.kind AS kind,
  chosen.source AS source,
  chosen.why_null AS why_null
FROM chosen
WHERE chosen.choice = 1
