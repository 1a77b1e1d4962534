-- Two more kinds of keys: bearer tokens for OTLP exporters, of which only the SHA-256 is kept, and keys of SonarQube's webhook,
-- whose secret is sealed like a signing key's. Each kind opens its own door only.
ALTER TABLE plumbline.signing_keys
  ADD COLUMN token_hash bytea CHECK (octet_length(token_hash) = 32),
  ADD COLUMN include_content boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT signing_keys_algorithm_check,
  DROP CONSTRAINT signing_keys_material,
  ADD CONSTRAINT signing_keys_algorithm_check CHECK (algorithm IN ('v1', 'v1a', 'bearer', 'sonarqube')),
  ADD CONSTRAINT signing_keys_material CHECK (
    status = 'revoked'
    OR (algorithm IN ('v1', 'sonarqube') AND sealed_secret IS NOT NULL AND public_key IS NULL AND token_hash IS NULL)
    OR (algorithm = 'v1a' AND public_key IS NOT NULL AND sealed_secret IS NULL AND token_hash IS NULL)
    OR (algorithm = 'bearer' AND token_hash IS NOT NULL AND sealed_secret IS NULL AND public_key IS NULL)),
  ADD CONSTRAINT signing_keys_content CHECK (algorithm = 'bearer' OR NOT include_content);
GRANT SELECT (include_content) ON plumbline.signing_keys TO plumbline_reader, plumbline_analyst;  -- not the hash

COMMENT ON TABLE plumbline.signing_keys IS
  'Keys of a tenant''s clients: they sign requests or stand in them. Secrets are sealed under the master key.';
COMMENT ON COLUMN plumbline.signing_keys.algorithm IS
  'v1 (HMAC-SHA256) and v1a (Ed25519) sign requests; bearer: a token of OTLP exporters; sonarqube: signs SonarQube''s webhook.';
COMMENT ON COLUMN plumbline.signing_keys.sealed_secret IS 'v1, sonarqube: the secret, sealed and bound to tenant and key id.';
COMMENT ON COLUMN plumbline.signing_keys.token_hash IS 'bearer: SHA-256 of the token.';
COMMENT ON COLUMN plumbline.signing_keys.include_content IS 'bearer: prompt and message content may enter; off by default.';
