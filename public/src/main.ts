import './zod-without-eval.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';
import { computed, createApp, effectScope, watch } from 'vue';
import { browserEnvironment } from './chat-client/browser-environment.ts';
import { ChatClient } from './chat-client/chat-client.ts';
import App from './components/App.vue';
import { forgetEdits } from './composables/use-edits.ts';
import { applySettings, localeOf, useSettings } from './composables/use-settings.ts';
import { loadWords, makeI18n, type Locale } from './i18n/i18n.ts';
import { loadMarkdown } from './markdown/load-markdown.ts';
import { makeRouter, shareIdIn } from './router.ts';

// Lives as long as the page; never stopped.
effectScope(true).run(async () => {
  const settings = useSettings();
  applySettings(settings);
  const i18n = makeI18n();
  const wanted = computed(() => localeOf(settings.value));
  // Its words first: those that come for a language that is spoken already are not shown.
  const speak = async (locale: Locale): Promise<void> => {
    await loadWords(i18n, locale);
    if (wanted.value === locale) document.documentElement.lang = i18n.global.locale.value = locale;
  };
  const words = speak(wanted.value);
  watch(wanted, speak);
  const shareId = shareIdIn(location.hash);
  // Between the app and what is shared there is no way without a new page.
  addEventListener('hashchange', () => {
    if (shareIdIn(location.hash) !== shareId) location.reload();
  });
  if (shareId !== null) {
    const { default: SharedView } = await import('./components/SharedView.vue');
    await words;
    return void createApp(SharedView, { shareId, url: location.origin }).use(i18n).mount('#app');
  }
  const url = settings.value.serverUrl === '' ? location.origin : settings.value.serverUrl;
  const client = new ChatClient({ url, environment: browserEnvironment() });
  // Somebody else is here now, or nobody: the whole page starts over, so that nothing of one is shown to another.
  client.account.over.subscribe(() => {
    forgetEdits(client);
    history.replaceState(null, '', import.meta.env.BASE_URL);
    location.reload();
  });
  client.connect();
  const router = makeRouter(settings.value.serverUrl === '' ? 'path' : 'hash');
  const app = createApp(App, { client, settings, router }).use(i18n).use(router);
  await Promise.all([router.isReady(), words]);
  if (router.currentRoute.value.name === 'session') loadMarkdown();
  app.mount('#app');
});
