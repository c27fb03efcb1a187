-- What each address of the configured roles holds at every close, in base units, and the one role that decides there
-- whether it circulates: the first in the order of steps/named_addresses.sql.
-- grain: token, chain, address, day · kind: step, not stored
SELECT
  named_holdings.token AS token,
  named_holdings.chain_id AS chain_id,
  named_holdings.day AS day,
  named_holdings.address AS address,
  MIN(named_addresses.place) AS place,
  named_holdings.balance_raw AS balance_raw
FROM named_holdings
INNER JOIN named_addresses
  ON named_addresses.token = named_holdings.token
  AND named_addresses.chain_id = named_holdings.chain_id
  AND named_addresses.address = named_holdings.address
  AND (named_addresses.from_time IS NULL OR named_addresses.from_time < named_holdings.ends_at)
  AND (named_addresses.to_time IS NULL OR named_addresses.to_time >= named_holdings.ends_at)
GROUP BY
  named_holdings.token,
  named_holdings.chain_id,
  named_holdings.day,
  named_holdings.address,
  named_holdings.balance_raw
