/**
 * Writes assets.json: every file the app needs without a network, and by that, which build this is. Colours of single
 * languages, formulas and their fonts, and what reads PDFs are left out: they are kept when they were used.
 */
import { basename } from 'node:path';
import type { Plugin } from 'vite';

const STATIC = ['theme.js', 'favicon.svg', 'icon-192.png', 'manifest.webmanifest'];
const LEFT_OUT = /highlight\.js\/|katex|pdfjs-dist/;

export function assetList(): Plugin {
  return {
    name: 'asset-list',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle).flatMap((file) => {
        if (file.type === 'chunk') return Object.keys(file.modules).some((id) => LEFT_OUT.test(id)) ? [] : [file.fileName];
        return file.fileName.endsWith('.css') && !LEFT_OUT.test(basename(file.fileName)) ? [file.fileName] : [];
      });
      this.emitFile({ type: 'asset', fileName: 'assets.json', source: `${JSON.stringify({ files: [...files.sort(), ...STATIC] })}\n` });
    },
  };
}
