import './zod-without-eval.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';
import { createApp, effectScope } from 'vue';
import { browserEnvironment } from './chat-client/browser-environment.ts';
import { ChatClient } from './chat-client/chat-client.ts';
import App from './components/App.vue';
import { applySettings, localeOf, useSettings } from './composables/use-settings.ts';
import { makeI18n } from './i18n/i18n.ts';
import { loadMarkdown } from './markdown/load-markdown.ts';
import { makeRouter, shareIdIn } from './router.ts';

// Lives as long as the page; never stopped.
effectScope(true).run(async () => {
  const settings = useSettings();
  const i18n = makeI18n(localeOf(settings.value));
  applySettings(settings, i18n.global.locale);
  const shareId = shareIdIn(location.hash);
  // Between the app and what is shared there is no way without a new page.
  addEventListener('hashchange', () => {
    if (shareIdIn(location.hash) !== shareId) location.reload();
  });
  if (shareId !== null) {
    const { default: SharedView } = await import('./components/SharedView.vue');
    return void createApp(SharedView, { shareId, url: location.origin }).use(i18n).mount('#app');
  }
  const url = settings.value.serverUrl === '' ? location.origin : settings.value.serverUrl;
  const client = new ChatClient({ url, environment: browserEnvironment() });
  client.connect();
  const router = makeRouter(settings.value.serverUrl === '' ? 'path' : 'hash');
  const app = createApp(App, { client, settings, router }).use(i18n).use(router);
  await router.isReady();
  if (router.currentRoute.value.name === 'session') loadMarkdown();
  app.mount('#app');
});
