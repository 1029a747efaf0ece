// Builds the HMI: `vite build hmi-web` → hmi-web/dist. Called by scripts/bootstrap.mjs and by developers.
// The contract's schemas are for the gateway: their library is kept out of the page, which uses types and plain tables.
import { readdirSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Below it a compressed form saves less than it costs to ask for. */
const leastBytes = 1024;

export default defineConfig({
  plugins: [react(), compressedFiles()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // No inlined assets: the gateway's content security policy allows what it serves itself, nothing else.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Making a schema does nothing but make it: those that no page parses with go, and their library with them.
      treeshake: { manualPureFunctions: ['z', 'base64url', ...schemaNames()] },
      output: {
        codeSplitting: {
          groups: [{ name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// }],
        },
      },
    },
  },
  server: { port: 0, proxy: {} },
});

/** Schemas and makers of schemas of the contract: `timeSchema.nullable()` and `lineSchema(80)` are calls as well. */
function schemaNames(): string[] {
  const folder = resolve(import.meta.dirname, '../gateway/contract');
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  return [...new Set(texts.flatMap((text) => text.match(/\b\w+Schema\b/g) ?? []))];
}

/**
 * Beside each script, style sheet and drawing its Brotli and gzip forms, which the gateway hands out as they are
 * (http/hmi-files.ts): compressed once, as well as it can be, and never while somebody waits.
 */
function compressedFiles(): Plugin {
  let folder = '';
  return {
    name: 'compressed-files',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const names = await readdir(folder, { recursive: true });
      await Promise.all(names.filter((name) => /\.(js|css|svg)$/.test(name)).map((name) => compress(folder, name)));
    },
  };
}

async function compress(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  const bytes = await readFile(path);
  if (bytes.length < leastBytes) return;
  const params = { [constants.BROTLI_PARAM_QUALITY]: 10, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [brotli, gzipped] = await Promise.all([
    promisify(brotliCompress)(bytes, { params }),
    promisify(gzip)(bytes, { level: 9 }),
  ]);
  await Promise.all([writeFile(`${path}.br`, brotli), writeFile(`${path}.gz`, gzipped)]);
}
