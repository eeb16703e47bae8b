/** The files somebody is about to send, one list per chat. They go on uploading while another chat is looked at. */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import type { FileLimits, MessageFile } from '../../../src/protocol/wire.ts';
import type { ChatClient } from '../chat-client/chat-client.ts';
import type { Attachment, FileUploads } from '../chat-client/file-uploads.ts';
import type { SessionStore } from '../chat-client/session-store.ts';
import { useApp } from './app-context.ts';
import { useObservable } from './use-observable.ts';

export interface Attachments {
  /** null: the server takes none. */
  readonly limits: Readonly<ShallowRef<FileLimits | null>>;
  readonly list: Readonly<ShallowRef<readonly Attachment[]>>;
  /** `waiting`: something is not uploaded yet; `refused`: something never will be. */
  readonly state: ComputedRef<'none' | 'ready' | 'waiting' | 'refused'>;
  add(files: readonly File[]): Promise<void>;
  retry(id: string): void;
  remove(id: string): void;
  take(): MessageFile[];
  putBack(files: readonly MessageFile[]): Promise<void>;
}

const load = () => import('../files/attaching.ts');

/** Live as long as the page. */
const bySession = new Map<string, FileUploads>();
const ofDrafts = new WeakMap<SessionStore, FileUploads>();

/** Of the chat that `store` is, which gets its id when something begins in it. */
function uploadsOf(store: SessionStore): FileUploads | undefined {
  const { sessionId } = store;
  return (sessionId === null ? undefined : bySession.get(sessionId)) ?? ofDrafts.get(store);
}

async function begin(client: ChatClient, store: SessionStore): Promise<FileUploads> {
  const { makeUploads } = await load();
  const known = uploadsOf(store);
  if (known !== undefined) return known;
  const made = makeUploads(client.files.parts);
  ofDrafts.set(store, made);
  settle(store, made);
  return made;
}

/** Tells its uploads which session it is, as soon as that is there. */
function settle(store: SessionStore, uploads: FileUploads): void {
  const { sessionId } = store;
  if (sessionId === null || store.snapshot.value.phase === 'failed') return;
  bySession.set(sessionId, uploads);
  uploads.useSession(sessionId);
}

export function useAttachments(store: () => SessionStore, sessionId: () => string | null): Attachments {
  const { client, toasts } = useApp();
  const { t } = useI18n();
  const limits = useObservable(client.files.limits);
  const list = shallowRef<readonly Attachment[]>([]);
  let stop = (): void => {};

  const show = (): void => {
    stop();
    const uploads = uploadsOf(store());
    if (uploads) settle(store(), uploads);
    list.value = uploads?.list.value ?? [];
    stop = uploads?.list.subscribe((now) => (list.value = now)) ?? ((): void => {});
  };
  const open = async (): Promise<FileUploads | null> => {
    const of = store();
    try {
      const uploads = await begin(client, of);
      if (of === store()) show();
      return uploads;
    } catch {
      toasts.show(t('files.notLoaded'));
      return null;
    }
  };
  watch([store, sessionId], ([, id]) => {
    show();
    if (id !== null && client.files.hasKept(id)) void open();
  }, { immediate: true });
  onScopeDispose(() => stop());

  return {
    limits,
    list,
    state: computed(() => stateOf(list.value)),
    async add(files) {
      const allowed = limits.value;
      if (allowed === null || files.length === 0) return;
      const of = store();
      const uploads = await open();
      if (uploads === null) return;
      const room = Math.max(0, allowed.perMessage - uploads.list.value.length);
      if (files.length > room) toasts.show(t('files.tooMany', allowed.perMessage));
      const { prepare } = await load();
      for (const file of files.slice(0, room)) uploads.add({ name: file.name, bytes: file.size, type: file.type, prepare: () => prepare(file, allowed) });
      of.begin();
    },
    retry: (id) => uploadsOf(store())?.retry(id),
    remove: (id) => uploadsOf(store())?.remove(id),
    take: () => uploadsOf(store())?.take() ?? [],
    async putBack(files) {
      if (files.length > 0) (await open())?.putBack(files);
    },
  };
}

function stateOf(list: readonly Attachment[]): 'none' | 'ready' | 'waiting' | 'refused' {
  if (list.length === 0) return 'none';
  if (list.some(({ status }) => status === 'refused')) return 'refused';
  return list.every(({ status }) => status === 'ready') ? 'ready' : 'waiting';
}
