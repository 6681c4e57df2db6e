/**
 * The parts of undici that are used. Its main module loads fetch, caches, WebSockets and more that nobody here asks for:
 * 15 MB of memory and twice the time to load.
 */
declare module 'undici/lib/dispatcher/agent.js' {
  import { Agent } from 'undici';
  export default Agent;
}

declare module 'undici/lib/core/connect.js' {
  import { buildConnector } from 'undici';
  export default buildConnector;
}

declare module 'undici/lib/core/errors.js' {
  import { errors } from 'undici';
  export default errors;
}
