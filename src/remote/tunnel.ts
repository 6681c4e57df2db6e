import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { buildConnector as Connector } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import type { ProxyAddress } from './proxy.ts';

/** The proxy answered, and did not let us through. */
class TunnelRefused extends Error {
  override readonly name = 'TunnelRefused';

  constructor(status: number) {
    super(`the proxy answered with ${status}`);
  }
}

/** The proxy, or the way through it, took too long. */
class TunnelTimedOut extends Error {
  override readonly name = 'TunnelTimedOut';
}

export interface TunnelOptions {
  /** For the way to the proxy and its answer; as long again for TLS with the service, ms. */
  readonly timeout: number;
  readonly rejectUnauthorized: true;
  readonly ca?: string[];
}

/**
 * Makes connections to https services through a proxy (CONNECT, RFC 9110 section 9.3.6); TLS is with the service. Undici's
 * own ProxyAgent asks a proxy that hangs up again and again without an end.
 */
export function tunnelThrough(proxy: ProxyAddress, options: TunnelOptions): Connector.connector {
  const secure = buildConnector(options);
  const send = proxy.url.startsWith('https:') ? httpsRequest : httpRequest;
  const { timeout, ...tls } = options;

  return (target, callback) => {
    const authority = target.port === '' ? `${target.host}:443` : (target.host ?? '');
    const request = send(proxy.url, {
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxy.authorization === null ? {} : { 'proxy-authorization': proxy.authorization }),
      },
      agent: false,
      ...tls,
    });
    let settled = false;
    const timer = setTimeout(() => fail(new TunnelTimedOut('no answer from the proxy')), timeout);
    const fail = (error: Error) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      request.destroy();
      callback(error, null);
    };
    request.on('error', fail);
    request.on('close', () => fail(new Error('the proxy closed the connection')));
    request.once('connect', (reply, socket) => {
      const status = reply.statusCode ?? 0;
      if (settled || status < 200 || status >= 300) {
        socket.on('error', () => {});
        socket.destroy();
        fail(new TunnelRefused(status));
        return;
      }
      settled = true;
      clearTimeout(timer);
      secure({ ...target, httpSocket: socket }, callback);
    });
    request.end();
  };
}
