// Security headers of every answer (OPS-3): a content security policy that runs only our own scripts.
import helmet from '@fastify/helmet';
import type { Application } from './route-access.ts';

/** `secure`: served over TLS, so browsers may be told to insist on it. */
export function installSecureHeaders(
  app: Application,
  parts: { secure: boolean; origins: () => readonly string[] },
): void {
  void app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        // The component library sets style attributes and one style element; scripts get no such freedom.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:'],
        // Older engines do not count the socket's scheme as 'self'.
        connectSrc: [
          "'self'",
          () =>
            parts
              .origins()
              // The policy's grammar knows no IPv6 addresses; there 'self' has to do.
              .filter((origin) => !origin.includes('['))
              .map((origin) => origin.replace(/^http/, 'ws'))
              .join(' '),
        ],
        manifestSrc: ["'self'"],
        workerSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
      },
    },
    strictTransportSecurity: parts.secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    crossOriginEmbedderPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}
