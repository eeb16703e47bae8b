/**
 * What a file is, by its bytes: what its sender or its name calls it decides nothing. Images of four kinds that every
 * browser draws and no browser runs; everything else must be text, and is never served as anything but text.
 */

const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG = [0xff, 0xd8, 0xff];

/** null: neither such an image nor text in UTF-8. */
export function fileType(content: Uint8Array, name: string): string | null {
  const image = imageType(content);
  if (image !== null) return image;
  if (!isText(content)) return null;
  return /\.(md|markdown)$/i.test(name) ? 'text/markdown' : 'text/plain';
}

function imageType(content: Uint8Array): string | null {
  if (begins(content, PNG)) return 'image/png';
  if (begins(content, JPEG)) return 'image/jpeg';
  const head = Buffer.from(content.subarray(0, 12)).toString('latin1');
  if (/^GIF8[79]a/.test(head)) return 'image/gif';
  return /^RIFF.{4}WEBP$/s.test(head) ? 'image/webp' : null;
}

function begins(content: Uint8Array, magic: number[]): boolean {
  return magic.every((byte, index) => content[index] === byte);
}

/** U+0000 is valid UTF-8 and a sure sign of something else. */
function isText(content: Uint8Array): boolean {
  if (content.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}
