import { app } from 'electron';

/** No page leaves its address, opens a window or embeds another, whoever asks. For all contents that will ever exist. */
export function confineContents(onRefused: (why: string) => void): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      onRefused(`navigation to ${event.url.slice(0, 200)}`);
      event.preventDefault();
    });
    contents.on('will-frame-navigate', (event) => {
      if (event.isMainFrame) return;
      onRefused(`frame navigation to ${event.url.slice(0, 200)}`);
      event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => {
      onRefused('webview');
      event.preventDefault();
    });
    contents.setWindowOpenHandler(({ url }) => {
      onRefused(`window.open of ${url.slice(0, 200)}`);
      return { action: 'deny' };
    });
  });
}
