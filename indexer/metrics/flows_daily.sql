-- Entries of every UTC day by effect, reason and evidence. A customer is the party where a rule names one, else the
-- credited address of a mint or of a release, else the debited one.
-- value_usd: each entry at the NAV in force when it happened, summed and cut to 6 decimals (steps/flow_values.sql).
-- grain: token, chain, day, effect, reason, evidence · kind: flow
WITH grouped AS (
  SELECT
    entries.token,
    entries.chain_id,
    entries.day,
    entries.effect,
    entries.reason,
    entries.evidence,
    COUNT(*) AS transfers,
    COUNT(DISTINCT (entries.block_number, entries.tx_index)) AS transactions,
    COUNT(*) = COUNT(entries.amount) AS is_known,
    SUM(entries.amount) AS amount,
    COUNT(
      DISTINCT COALESCE(
        entries.party,
        CASE
          WHEN entries.effect = 'mint' OR entries.reason IN ('escrow_out', 'bridge_release') THEN entries.to_address
          ELSE entries.from_address
        END
      )
    ) AS parties,
    MIN(entries.amount_why_null) AS why_null
  FROM entries
  GROUP BY
    entries.token,
    entries.chain_id,
    entries.day,
    entries.effect,
    entries.reason,
    entries.evidence
)

SELECT
  grouped.token AS token,
  grouped.chain_id AS chain_id,
  grouped.day AS day,
  grouped.effect AS effect,
  grouped.reason AS reason,
  grouped.evidence AS evidence,
  grouped.transfers AS transfers,
  grouped.transactions AS transactions,
  CASE WHEN grouped.is_known THEN grouped.amount END AS amount,
  CASE
    WHEN grouped.effect <> 'mint' THEN CAST(0 AS DECIMAL(38, 18))
    WHEN grouped.is_known THEN grouped.amount
  END AS minted,
  CASE
    WHEN grouped.effect <> 'burn' THEN CAST(0 AS DECIMAL(38, 18))
    WHEN grouped.is_known THEN grouped.amount
  END AS burned,
  grouped.parties AS parties,
  CASE WHEN grouped.is_known THEN flow_values.value_usd END AS value_usd,
  CASE WHEN grouped.is_known AND flow_values.value_usd IS NOT NULL THEN flow_values.price_kinds END AS price_kinds,
  days.coverage AS coverage,
  days.published_at AS published_at,
  COALESCE(grouped.why_null, flow_values.why_null) AS why_null
FROM grouped
INNER JOIN days
  ON days.token = grouped.token AND days.chain_id = grouped.chain_id AND days.day = grouped.day
INNER JOIN flow_values
  ON flow_values.token = grouped.token
  AND flow_values.chain_id = grouped.chain_id
  AND flow_values.day = grouped.day
  AND flow_values.effect = grouped.effect
  AND flow_values.reason = grouped.reason
  AND flow_values.evidence = grouped.evidence
