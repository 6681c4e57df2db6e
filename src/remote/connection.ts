import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

export type ConnectionPhase =
  /** All sockets are busy with other requests. */
  | 'queued'
  /** Name look-up, TCP and TLS. */
  | 'connecting'
  /** The service may have got something. */
  | 'connected';

/**
 * Calls `onPhase` as the connection under `request` gets made; at once with `connected` for one that is used again.
 * Says nothing about failures: they come as the request's own errors.
 */
export function followConnection(request: ClientRequest, onPhase: (phase: ConnectionPhase) => void): void {
  onPhase('queued');
  request.once('socket', (socket: Socket) => {
    const secure = socket instanceof TLSSocket;
    // A request that waited gets a socket that another has just left, and `reusedSocket` does not say so. `authorized` is
    // set when the handshake is done: certificates are always verified.
    if (!socket.connecting && (!secure || socket.authorized)) {
      onPhase('connected');
      return;
    }
    onPhase('connecting');
    const event = secure ? 'secureConnect' : 'connect';
    const onConnect = () => onPhase('connected');
    socket.once(event, onConnect);
    request.once('close', () => socket.removeListener(event, onConnect));
  });
}
