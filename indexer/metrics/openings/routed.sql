-- Whom a party of the entries before a cut names, but no entry with an escrow does: a router asked for them.
-- grain: token, chain, holder
SELECT DISTINCT asked.token AS token, asked.chain_id AS chain_id, asked.party AS holder
FROM asked
LEFT JOIN (
  SELECT senders.token, senders.chain_id, senders.from_address AS holder
  FROM asked AS senders
  WHERE senders.reason = 'escrow_in' AND senders.effect = 'move'
  UNION
  SELECT receivers.token, receivers.chain_id, receivers.to_address AS holder
  FROM asked AS receivers
  WHERE receivers.reason = 'escrow_out' AND receivers.effect = 'move'
) AS named
  ON named.token = asked.token AND named.chain_id = asked.chain_id AND named.holder = asked.party
WHERE asked.party IS NOT NULL AND named.holder IS NULL
