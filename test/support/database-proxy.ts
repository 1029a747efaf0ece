// A proxy before a PostgreSQL socket that can swallow what the server answers, or what it is asked, and then break the
// connection: how a COMMIT whose answer is lost looks to its client. Real sockets; used by the log's tests.
import net from 'node:net';
import path from 'node:path';

export type DatabaseProxy = {
  /** The URL, through the proxy. */
  readonly url: string;
  /**
   * Once a request holds `text`: it does not get to the server (`requests`), or it does and its answer is swallowed
   * (`answers`); then the connection breaks.
   */
  lose(what: 'answers' | 'requests', text: string): void;
  /** Requests or answers lost so far. */
  lost(): number;
  /** New connections are refused until it is called with false. */
  refuse(refused: boolean): void;
  stop(): Promise<void>;
};

/** `url` of a server that listens on a Unix socket; the proxy listens in `folder`. */
export async function startDatabaseProxy(url: string, folder: string): Promise<DatabaseProxy> {
  const target = new URL(url);
  const socket = path.join(decodeURIComponent(target.hostname), '.s.PGSQL.5432');
  let losing: { readonly what: 'answers' | 'requests'; readonly text: string } | null = null;
  let refused = false;
  let lost = 0;
  const open = new Set<net.Socket>();
  const server = net.createServer((near) => {
    if (refused) {
      near.destroy();
      return;
    }
    let swallowing = false;
    const far = net.connect(socket);
    for (const end of [near, far]) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        open.delete(end);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (chunk: Buffer) => {
      if (losing !== null && chunk.includes(losing.text)) {
        const { what } = losing;
        losing = null;
        lost += 1;
        if (what === 'requests') {
          near.destroy();
          return;
        }
        swallowing = true;
      }
      far.write(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      if (swallowing) near.destroy();
      else near.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, '.s.PGSQL.5432'), resolve));
  target.hostname = encodeURIComponent(folder);
  return {
    url: target.toString(),
    lose: (what, text) => {
      losing = { what, text };
    },
    lost: () => lost,
    refuse: (now) => {
      refused = now;
    },
    stop: async () => {
      for (const end of open) end.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
