-- A copy of a database must not talk to the merchant's shops: neither with keys of its own, nor with those that the server's
-- environment gives by the code of a channel, nor tell them what is still waiting to be told.
UPDATE oms_channel
   SET active = FALSE,
       code = 'neutralized-' || id || '-' || code,
       api_url = NULL,
       api_key = NULL,
       api_secret = NULL,
       api_token = NULL,
       webhook_secret = NULL,
       token = 'neutralized-' || id || '-' || md5(random()::text)
 WHERE platform <> 'manual';
UPDATE oms_message
   SET state = 'dismissed', error = 'This database is a copy; nobody was told.'
 WHERE direction = 'out' AND state IN ('pending', 'retry');
