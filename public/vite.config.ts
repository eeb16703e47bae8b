import vue from '@vitejs/plugin-vue';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { assetList } from './asset-list.ts';
import { zodWithoutJsonSchema } from './zod-without-json-schema.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Where `npm run dev` finds the chat server. */
const server = 'http://127.0.0.1:3000';

export default defineConfig({
  root: at('.'),
  publicDir: at('./static'),
  plugins: [vue(), zodWithoutJsonSchema(), assetList()],
  build: {
    outDir: at('../dist/public'),
    emptyOutDir: true,
    // The server's Content-Security-Policy allows no inline script and no data: font; small assets stay files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
  },
  server: {
    port: 5173,
    proxy: { '/api': server, '/health': server, '/socket.io': { target: server, ws: true } },
  },
});
