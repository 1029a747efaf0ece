// The browser finder finds something that can do what the HMI needs, whichever source it comes from.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser, launchBrowser } from './browser.ts';

const page = '<!doctype html><title>plant</title><button onclick="this.textContent=\'pressed\'">press</button>';
const server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(page));
const before = process.env.COUNTERSIGN_TEST_BROWSER;

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise((resolve) => server.close(resolve)));

function wish(browser: string | undefined): void {
  if (browser === undefined) delete process.env.COUNTERSIGN_TEST_BROWSER;
  else process.env.COUNTERSIGN_TEST_BROWSER = browser;
}

describe('the browser for tests', () => {
  afterAll(() => wish(before));

  it.each(['', 'npm'])('TRM-1: makes a non-extractable key, with web security on (source %j)', async (source) => {
    wish(source === '' ? before : source);
    const browser = await launchBrowser();
    try {
      const tab = await browser.newPage();
      await tab.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
      await tab.getByRole('button').click();
      expect(await tab.getByRole('button').textContent()).toBe('pressed');
      const seen = await tab.evaluate(async () => {
        const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
        const exported = await crypto.subtle.exportKey('jwk', pair.privateKey).then(
          () => 'exported',
          (fault: Error) => fault.name,
        );
        const foreign = await fetch('http://127.0.0.1:9/').then(
          () => 'fetched',
          () => 'refused',
        );
        const webauthn = typeof PublicKeyCredential;
        return { exported, foreign, webauthn, secure: isSecureContext };
      });
      expect(seen).toEqual({ exported: 'InvalidAccessError', foreign: 'refused', webauthn: 'function', secure: true });
      // A page of another origin stays unreadable: the npm package's own arguments would have switched this off.
      const other = await tab.evaluate(
        (port) =>
          fetch(`http://127.0.0.1:${port}/`).then(
            () => 'read',
            () => 'refused',
          ),
        (server.address() as AddressInfo).port,
      );
      expect(other).toBe('refused');
    } finally {
      await browser.close();
    }
  });

  it.each(['', 'npm'])(
    'OPS-1: has fonts, so that text takes room, with none on the machine (source %j)',
    async (source) => {
      wish(source === '' ? before : source);
      const browser = await launchBrowser();
      try {
        const tab = await browser.newPage();
        await tab.setContent('<span id="text" style="font: 40px sans-serif">37.5 °C</span>');
        const box = await tab.locator('#text').boundingBox();
        expect(box?.width).toBeGreaterThan(80);
        expect(box?.height).toBeGreaterThan(30);
      } finally {
        await browser.close();
      }
    },
  );

  it('OPS-1: refuses, and does not skip, when the browser that was asked for is not there', async () => {
    wish('/nowhere/chromium');
    await expect(findBrowser()).rejects.toThrow('/nowhere/chromium');
  });
});
