// A passkey as its projection holds it (SIG-7, IDN-1): subject `passkey:<credential id>`, standing on the record that
// holds its public key. Never deleted: a removed one keeps its row, so that its id is never taken up again.
import { z } from 'zod';
import { timeSchema, userIdSchema } from '../contract/ids.ts';
import { credentialIdSchema } from '../contract/passkey.ts';

export const passkeyDocumentSchema = z.strictObject({
  version: z.literal(1),
  id: credentialIdSchema,
  account: userIdSchema,
  name: z.string(),
  /** COSE_Key (RFC 9052), base64url. */
  publicKey: z.string(),
  rpId: z.string(),
  /** The authenticator's signature counter at its last counted use; 0 for authenticators without one. */
  counter: z.int().nonnegative(),
  transports: z.array(z.string()),
  aaguid: z.string(),
  deviceType: z.string(),
  backedUp: z.boolean(),
  status: z.enum(['active', 'removed']),
  registeredAt: timeSchema,
});
export type PasskeyDocument = z.infer<typeof passkeyDocumentSchema>;
