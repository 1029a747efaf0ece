-- More subjects that are projections of the log (IDN-1): access tokens of machines (CMD-10) and passkeys (SIG-7).

ALTER TABLE projection DROP CONSTRAINT projection_subject_check;
ALTER TABLE projection ADD CONSTRAINT projection_subject_check
  CHECK (subject ~ '^((account|certification|terminal|token|passkey):.+|configuration)$');
