// A page before a scripted gateway, new for each test, in one browser a file; no test leaves a fault of the page behind.
// Called once at the top of a browser test.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { type OpenedPage, openPage } from './open-page.ts';
import { type ScriptedGateway, startScriptedGateway } from './scripted-gateway.ts';

export type ScriptedPage = { browser: Browser; gateway: ScriptedGateway; opened: OpenedPage };

/** Filled before each test. */
export function scriptedPage(): Readonly<ScriptedPage> {
  const scene = {} as ScriptedPage;
  beforeAll(async () => {
    scene.browser = await launchBrowser();
  });
  afterAll(() => scene.browser?.close());
  beforeEach(async () => {
    scene.gateway = await startScriptedGateway();
    scene.opened = await openPage(scene.browser, scene.gateway);
  });
  afterEach(async () => {
    await scene.opened.close();
    await scene.gateway.stop();
    expect(scene.opened.faults).toEqual([]);
  });
  return scene;
}
