-- Tokens of which activity_daily or flows_daily counts other entries than transfers has: one fell on no day.
WITH entries_of AS (
  SELECT transfers.token, transfers.chain_id, COUNT(*) AS entries
  FROM transfers
  GROUP BY transfers.token, transfers.chain_id
),

activity_of AS (
  SELECT activity_daily.token, activity_daily.chain_id, SUM(activity_daily.transfers) AS entries
  FROM activity_daily
  GROUP BY activity_daily.token, activity_daily.chain_id
),

flows_of AS (
  SELECT flows_daily.token, flows_daily.chain_id, SUM(flows_daily.transfers) AS entries
  FROM flows_daily
  GROUP BY flows_daily.token, flows_daily.chain_id
)

SELECT
  entries_of.token AS token,
  entries_of.chain_id AS chain_id,
  CONCAT(
    'transfers has ', CAST(entries_of.entries AS VARCHAR), ' entries, activity_daily ',
    CAST(COALESCE(activity_of.entries, 0) AS VARCHAR), ', flows_daily ',
    CAST(COALESCE(flows_of.entries, 0) AS VARCHAR)
  ) AS detail
FROM entries_of
LEFT JOIN activity_of ON activity_of.token = entries_of.token AND activity_of.chain_id = entries_of.chain_id
LEFT JOIN flows_of ON flows_of.token = entries_of.token AND flows_of.chain_id = entries_of.chain_id
WHERE entries_of.entries <> COALESCE(activity_of.entries, 0) OR entries_of.entries <> COALESCE(flows_of.entries, 0)
