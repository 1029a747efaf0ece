// Reads JSON bodies: the raw bytes are kept for the proof's digest; invalid UTF-8, prototype poisoning, a member twice
// and an encoding that would have to be undone first are refused. Installed by application.ts.
import { GatewayError } from '../contract/problem.ts';
import { repeatedMember } from './repeated-member.ts';
import type { Application } from './route-access.ts';

export const bodyLimitBytes = 64 * 1024;

/** JSON in UTF-8 is the only media type taken, as it is: not compressed. */
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
    if (isEncoded(request.headers)) {
      const detail = 'Send the JSON as it is, in UTF-8: without Content-Encoding and without another charset.';
      done(new GatewayError('media-type-unsupported', detail), undefined);
      return;
    }
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    } catch {
      done(new GatewayError('malformed-request', 'The body is not UTF-8.'), undefined);
      return;
    }
    void parseJson(request, text, (fault, value) => {
      const twice = fault === null ? repeatedMember(text) : null;
      if (twice === null) done(fault, value);
      else
        done(
          new GatewayError('malformed-request', `The body names ${JSON.stringify(twice)} twice in one object.`),
          undefined,
        );
    });
  });
}

/** True where the bytes are not plain UTF-8 by the client's own words: what they mean would be a guess. */
function isEncoded(headers: {
  readonly 'content-encoding'?: string | undefined;
  readonly 'content-type'?: string | undefined;
}): boolean {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? 'utf-8';
  return encoding !== 'identity' || !['utf-8', 'utf8', 'us-ascii'].includes(charset);
}
