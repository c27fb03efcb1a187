-- Certificates that decide something, numbered by block: one a block, the newest check of it. A `read` proves nothing,
-- because the figure was made from that read, and an `unknown` proves nothing either.
-- grain: token, chain, block · kind: step, not stored
SELECT
  newest.token AS token,
  newest.chain_id AS chain_id,
  ROW_NUMBER() OVER (PARTITION BY newest.token, newest.chain_id ORDER BY newest.block_number) AS place,
  newest.block_number AS block_number,
  newest.block_time AS block_time,
  newest.has_passed AS has_passed,
  newest.checked_all AS checked_all
FROM (
  SELECT
    certificates.token,
    certificates.chain_id,
    certificates.block_number,
    certificates.block_time,
    certificates.verdict IN ('pass', 'pass_within') AS has_passed,
    certificates.holders_wrong = 0 AND certificates.holders_checked >= certificates.holders_known AS checked_all,
    ROW_NUMBER() OVER (
      PARTITION BY certificates.token, certificates.chain_id, certificates.block_number
      ORDER BY certificates.fetched_at DESC, certificates.certificate_id
    ) AS age
  FROM certificates
  WHERE certificates.verdict IN ('pass', 'pass_within', 'fail')
) AS newest
WHERE newest.age = 1
