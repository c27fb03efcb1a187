-- The rows from which concentration.py makes the figures of concentration: the weights of holders where they changed
-- and, without a holder, every close with the rate and the size of a base unit, which make units of several chains one
-- measure. What stays under this name is the figures, one row a token, chain or `all`, and day.
-- grain: token, chain, holder or none, day · kind: step, not stored
SELECT
  holder_weights.token AS token,
  holder_weights.chain_id AS chain_id,
  holder_weights.holder AS holder,
  holder_weights.day AS day,
  holder_weights.units AS units,
  holder_weights.is_omnibus AS is_omnibus,
  holder_weights.entity AS entity,
  CAST(NULL AS DECIMAL(38, 0)) AS numerator,
  CAST(NULL AS DECIMAL(38, 0)) AS denominator,
  CAST(NULL AS DECIMAL(38, 18)) AS base_unit
FROM holder_weights
UNION ALL
SELECT
  closes.token AS token,
  closes.chain_id AS chain_id,
  CAST(NULL AS VARCHAR) AS holder,
  closes.day AS day,
  CAST(0 AS DECIMAL(38, 0)) AS units,
  FALSE AS is_omnibus,
  CAST(NULL AS VARCHAR) AS entity,
  closes.numerator AS numerator,
  closes.denominator AS denominator,
  scales.base_unit AS base_unit
FROM closes
LEFT JOIN scales ON scales.token = closes.token AND scales.chain_id = closes.chain_id
