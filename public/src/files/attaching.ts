/** What is only needed once somebody attaches a file. */
import { FileTransfer } from '../chat-client/file-transfer.ts';
import { FileUploads } from '../chat-client/file-uploads.ts';
import type { FileParts } from '../chat-client/server-files.ts';

export { prepare } from './prepare.ts';

/** Uploads to one session; as long as the page. */
export function makeUploads(parts: FileParts): FileUploads {
  const uploads = new FileUploads(parts.env, new FileTransfer(parts), parts.kept);
  parts.connection.state.subscribe(() => uploads.pump());
  return uploads;
}
