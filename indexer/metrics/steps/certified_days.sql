-- What certificates say of the close of each day.
--   state      a passing check on the day, and neither an entry nor a change of supply after it: headers of all blocks
--              are not kept, but without a change the checked state is the state at the day's closing block
--   failed     a failing check between the last passing one before the close and the next passing one after it
--   bracketed  a passing check before and a passing one after that checked every address
--   open       a passing check before; what came after checked a sample only, or nothing
--   none       no passing check up to the close
-- A check before the first day counts as one of that day.
-- `anchored` is told by backfills of a window, which this step does not see.
-- grain: token, chain, day · kind: step, not stored
WITH firsts AS (
  SELECT days.token, days.chain_id, MIN(days.day) AS day
  FROM days
  GROUP BY days.token, days.chain_id
),

changes AS (
  SELECT transfers.token, transfers.chain_id, transfers.block_number, transfers.block_time AS happened_at
  FROM transfers
  UNION ALL
  SELECT
    supply_changes.token,
    supply_changes.chain_id,
    supply_changes.block_number,
    supply_changes.effective_at AS happened_at
  FROM supply_changes
),

checks_of_day AS (
  SELECT
    days.token,
    days.chain_id,
    days.day,
    MAX(CASE WHEN checks.has_passed THEN checks.place END) AS last_pass,
    MIN(CASE WHEN checks.has_passed THEN checks.place END) AS first_pass,
    MAX(CASE WHEN NOT checks.has_passed THEN checks.place END) AS last_fail,
    MIN(CASE WHEN NOT checks.has_passed THEN checks.place END) AS first_fail
  FROM days
  INNER JOIN firsts ON firsts.token = days.token AND firsts.chain_id = days.chain_id
  LEFT JOIN checks
    ON checks.token = days.token
    AND checks.chain_id = days.chain_id
    AND (checks.block_time >= days.starts_at OR days.day = firsts.day)
    AND checks.block_time < days.ends_at
  GROUP BY days.token, days.chain_id, days.day
),

around AS (
  SELECT
    checks_of_day.token,
    checks_of_day.chain_id,
    checks_of_day.day,
    checks_of_day.last_pass AS pass_of_day,
    COALESCE(MAX(checks_of_day.last_pass) OVER up_to_close, 0) AS pass_before,
    COALESCE(MAX(checks_of_day.last_fail) OVER up_to_close, 0) AS fail_before,
    MIN(checks_of_day.first_pass) OVER after_close AS pass_after,
    MIN(checks_of_day.first_fail) OVER after_close AS fail_after
  FROM checks_of_day
  WINDOW
    up_to_close AS (
      PARTITION BY checks_of_day.token, checks_of_day.chain_id
      ORDER BY checks_of_day.day
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ),
    after_close AS (
      PARTITION BY checks_of_day.token, checks_of_day.chain_id
      ORDER BY checks_of_day.day
      ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
    )
),

overtaken AS (
  SELECT DISTINCT around.token, around.chain_id, around.day
  FROM around
  INNER JOIN checks
    ON checks.token = around.token
    AND checks.chain_id = around.chain_id
    AND checks.place = around.pass_of_day
  INNER JOIN days
    ON days.token = around.token AND days.chain_id = around.chain_id AND days.day = around.day
  INNER JOIN changes
    ON changes.token = around.token
    AND changes.chain_id = around.chain_id
    AND changes.happened_at >= days.starts_at
    AND changes.happened_at < days.ends_at
    AND (changes.happened_at > checks.block_time OR changes.block_number > checks.block_number)
)

SELECT
  around.token AS token,
  around.chain_id AS chain_id,
  around.day AS day,
  CASE
    WHEN around.pass_of_day > around.fail_before AND overtaken.day IS NULL THEN 'state'
    WHEN around.fail_before > around.pass_before THEN 'failed'
    WHEN around.fail_after < COALESCE(around.pass_after, around.fail_after + 1) THEN 'failed'
    WHEN around.pass_before > 0 AND COALESCE(next_checks.checked_all, FALSE) THEN 'bracketed'
    WHEN around.pass_before > 0 THEN 'open'
    ELSE 'none'
  END AS certificate
FROM around
LEFT JOIN overtaken
  ON overtaken.token = around.token AND overtaken.chain_id = around.chain_id AND overtaken.day = around.day
LEFT JOIN checks AS next_checks
  ON next_checks.token = around.token
  AND next_checks.chain_id = around.chain_id
  AND next_checks.place = around.pass_after
