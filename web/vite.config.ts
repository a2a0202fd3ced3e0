// How the pages are built: into build/web, from web/src and the pure folders of src; everything comes from the same origin.
import { join } from 'node:path';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  resolve: {
    alias: {
      zod: join(import.meta.dirname, 'zod.ts'),
    },
  },
  build: {
    outDir: '../build/web',
    emptyOutDir: true,
    target: 'es2022',
    // Nothing of code or style stands in the page itself: the content security policy allows only files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // Base UI says "use client" in each file, for servers that draw React.
      onLog: (level, log, handle) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && handle(level, log),
      treeshake: {
        manualPureFunctions: ['z', 'oneOrMore', 'Proxy'],
      },
    },
  },
});
