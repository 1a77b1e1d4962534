import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

// The chosen theme must hold before the first paint, and the policy of the page forbids inline scripts: a small file of its own, in
// front of everything else.
function themeFirst(): Plugin {
  const source = readFileSync(fileURLToPath(new URL('src/theme_first.js', import.meta.url)), 'utf8');
  const fileName = `assets/theme-${createHash('sha256').update(source).digest('hex').slice(0, 8)}.js`;
  return {
    name: 'theme-first',
    apply: 'build',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName, source });
    },
    transformIndexHtml: () => [{ tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }],
  };
}

// `npx vite` beside a console that runs; PLUMBLINE_CONSOLE says where.
const console_ = process.env.PLUMBLINE_CONSOLE ?? 'http://127.0.0.1:8081';
const proxy = { '/api': console_, '/auth': console_ };

export default defineConfig({
  plugins: [themeFirst()],
  esbuild: { jsx: 'automatic', legalComments: 'none' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // default-src 'self' allows no data: address
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
  },
  server: { proxy },
  preview: { proxy },
});
