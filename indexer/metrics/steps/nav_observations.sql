-- Prices in the order in which they count: of one source and kind the one with the latest date of its own is last, and
-- of one date the one that the chain learnt last, as a correction is. known_at is when it both holds and is known; a
-- file tells what the chain never knew, so its prices count from their date on.
-- Kinds are preferred in this order: official, exit, extrapolated, transaction, market, import, par.
-- grain: observation of a price · kind: step, not stored
WITH ranked AS (
  SELECT
    navs.token,
    navs.chain_id,
    navs.contract,
    navs.kind,
    CASE navs.kind
      WHEN 'official' THEN 1
      WHEN 'exit' THEN 2
      WHEN 'extrapolated' THEN 3
      WHEN 'transaction' THEN 4
      WHEN 'market' THEN 5
      WHEN 'import' THEN 6
      ELSE 7
    END AS preference,
    navs.effective_at,
    navs.published_at,
    navs.block_number,
    navs.log_index,
    navs.price,
    navs.currency,
    navs.stale_at,
    navs.kind = 'import' AS is_import,
    CASE WHEN navs.kind = 'import' THEN CONCAT('import: ', navs.source) ELSE navs.source END AS source,
    navs.why_null
  FROM navs
)

SELECT
  ranked.token AS token,
  ranked.chain_id AS chain_id,
  ranked.contract AS contract,
  ranked.preference AS preference,
  ranked.kind AS kind,
  ROW_NUMBER() OVER (
    PARTITION BY ranked.token, ranked.chain_id, ranked.contract, ranked.preference
    ORDER BY
      ranked.effective_at,
      ranked.published_at,
      COALESCE(ranked.block_number, -1),
      COALESCE(ranked.log_index, -1)
  ) AS place,
  CASE
    WHEN ranked.is_import THEN ranked.effective_at
    ELSE GREATEST(ranked.effective_at, ranked.published_at)
  END AS known_at,
  ranked.effective_at AS effective_at,
  ranked.published_at AS published_at,
  ranked.price AS price,
  ranked.currency AS currency,
  ranked.stale_at AS stale_at,
  ranked.source AS source,
  CASE WHEN ranked.price IS NULL THEN COALESCE(ranked.why_null, 'the price is not known') END AS why_null
FROM ranked
