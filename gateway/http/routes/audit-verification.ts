// /api/v1/audit/verification: how the gateway's own check of its log goes (AUD-5). It tells no record, so that asking for it
// is no reading of records (AUD-1).
import { type LogVerification, logVerificationSchema } from '../../contract/log-verification.ts';
import { problems } from '../refusal-answers.ts';
import type { Application } from '../route-access.ts';

export function auditVerificationRoutes(app: Application, parts: { readonly view: () => LogVerification }): void {
  app.get(
    '/api/v1/audit/verification',
    {
      config: { access: 'session', permission: 'read-audit', scope: 'read-audit' },
      schema: {
        tags: ['audit'],
        summary: 'State of the background verification of the log',
        description:
          'The gateway reads its whole log again and again at a bounded rate. `altered` names the first record that is not what was recorded.',
        response: { 200: logVerificationSchema, ...problems('right-missing') },
      },
    },
    async () => parts.view(),
  );
}
