// Reads JSON bodies: the raw bytes are kept for the proof's digest, invalid UTF-8 and prototype poisoning are refused.
import { GatewayError } from '../contract/problem.ts';
import type { Application } from './route-access.ts';

export const bodyLimitBytes = 64 * 1024;

/** JSON is the only media type taken. */
export function installJsonBody(app: Application): void {
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body;
    // Clients that name the type of every request name it for an absent body, too.
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    } catch {
      done(new GatewayError('malformed-request', 'The body is not UTF-8.'), undefined);
      return;
    }
    void parseJson(request, text, done);
  });
}
