-- A copy of a database must not book labels with the merchant's account.
UPDATE delivery_carrier
   SET oms_api_key = NULL, oms_api_secret = NULL, oms_access_token = NULL, oms_refresh_token = NULL, oms_webhook_token = NULL;
