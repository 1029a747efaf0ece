// Builds the HMI: `vite build hmi-web` → hmi-web/dist. Called by scripts/bootstrap.mjs and by developers.
// The contract's schemas are for the gateway: their library is kept out of the page, which uses types and plain tables.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compressedFiles } from './compressed-files.ts';

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
      treeshake: { manualPureFunctions: ['z'] },
      output: {
        codeSplitting: {
          groups: [{ name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// }],
        },
      },
    },
  },
  server: { port: 0, proxy: {} },
});
