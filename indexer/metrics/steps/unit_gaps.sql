-- The first entry of a token on a chain whose units are not known: what addresses hold is unknown from there.
-- grain: token, chain · kind: step, not stored
SELECT
  ranked.token AS token,
  ranked.chain_id AS chain_id,
  ranked.day AS day,
  ranked.block_number AS block_number,
  ranked.why_null AS why_null
FROM (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.block_number,
    entries.units_why_null AS why_null,
    ROW_NUMBER() OVER (
      PARTITION BY entries.token, entries.chain_id
      ORDER BY entries.block_number, entries.log_index, entries.entry
    ) AS place
  FROM entries
  WHERE entries.units IS NULL
) AS ranked
WHERE ranked.place = 1
