import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { LOOPBACK_CERTIFICATE, LOOPBACK_KEY } from './loopback-tls.ts';

export type Answer = (request: IncomingMessage, reply: ServerResponse) => void;

export interface FaultServer {
  readonly url: string;
  /** Sockets that were opened since the start. */
  readonly connections: number;
  readonly openSockets: number;
  close(): Promise<void>;
}

/** A real HTTP server on loopback that answers as the test says. `answer` gets the request before its body was read. */
export async function startFaultServer(answer: Answer, tls = false): Promise<FaultServer> {
  const server: Server = tls
    ? createHttpsServer({ cert: LOOPBACK_CERTIFICATE, key: LOOPBACK_KEY }, answer)
    : createHttpServer(answer);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    get openSockets() {
      return sockets.size;
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

/** Reads the whole body, then goes on. */
export function afterBody(answer: (reply: ServerResponse, body: Buffer, request: IncomingMessage) => void): Answer {
  return (request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(reply, Buffer.concat(chunks), request));
  };
}

/** A port on which nothing listens: it was just free. */
export async function closedPort(): Promise<number> {
  const server = await startFaultServer(() => {});
  await server.close();
  return Number(new URL(server.url).port);
}
