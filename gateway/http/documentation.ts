// OpenAPI 3.1 at /api/v1/openapi.json and its human face at /api/v1/docs (OPS-4), made from the routes' own schemas.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import type { Application } from './route-access.ts';

const introduction = `Each terminal has an ECDSA P-256 key, made where it is used. Its id is the key's RFC 7638 thumbprint.
Every request marked \`dpop\` carries \`DPoP: <proof>\` (RFC 9449, ES256): \`htm\`, \`htu\`, \`iat\`, \`jti\`, \`nonce\` and, with a body,
\`bodyDigest\`, the base64url SHA-256 of its bytes. The nonce is the last \`DPoP-Nonce\` that an answer brought; without one, or with
an old one, the answer is 401 \`use_dpop_nonce\` and brings one: repeat the request. A session is a cookie, bound to the terminal's key
and address. GETs keep no session alive unless they carry \`X-Countersign-Activity: person\`. Errors are RFC 9457
problem+json with a stable \`code\`. Unknown fields are refused.`;

export function installDocumentation(app: Application, version: string): void {
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Countersign',
        version,
        description: introduction,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      components: {
        securitySchemes: {
          dpop: { type: 'apiKey', in: 'header', name: 'DPoP', description: 'RFC 9449 proof of the terminal’s key.' },
          session: { type: 'apiKey', in: 'cookie', name: 'countersign-session' },
        },
      },
    },
    transform: (document) => {
      const transformed = jsonSchemaTransform(document);
      const access = document.route.config?.access;
      if (access === undefined || access === 'open') return transformed;
      const security = [access === 'session' ? { dpop: [], session: [] } : { dpop: [] }];
      return { ...transformed, schema: { ...transformed.schema, security } };
    },
  });
  void app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' };
    });
    await docs.register(swaggerUi, { routePrefix: '/api/v1/docs', logLevel: 'warn' });
  });
  app.get('/api/v1/openapi.json', { config: { access: 'open' }, schema: { hide: true } }, async () => app.swagger());
}
