import { describe, expect, it } from 'vitest';
import { networkFailure } from '../../../src/remote/network-failure.ts';

const system = (code: string) => Object.assign(new Error(code), { code });

describe('networkFailure', () => {
  it.each([
    ['ECONNREFUSED', 'net.refused', 'net.refused'],
    ['ENOTFOUND', 'net.dns', 'net.dns'],
    ['EAI_AGAIN', 'net.dns', 'net.dns'],
    ['ENETUNREACH', 'net.unreachable', 'net.unreachable'],
    ['EHOSTUNREACH', 'net.unreachable', 'net.unreachable'],
    ['ETIMEDOUT', 'net.connect-timeout', 'net.timeout'],
    // A break gates the service before a connection stood, and is an attempt after it.
    ['ECONNRESET', 'net.unreachable', 'net.reset'],
    ['EPIPE', 'net.unreachable', 'net.reset'],
    ['CERT_HAS_EXPIRED', 'net.tls', 'net.tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'net.tls', 'net.tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'net.tls', 'net.tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'net.tls', 'net.tls'],
    ['HPE_INVALID_CONSTANT', 'net.reset', 'net.reset'],
  ])('reads %s as %s before and %s after the connection stood', (code, before, after) => {
    expect(networkFailure(system(code), false)).toBe(before);
    expect(networkFailure(system(code), true)).toBe(after);
  });

  it('looks into gathered errors and causes', () => {
    expect(networkFailure(new AggregateError([system('ECONNREFUSED'), system('ENETUNREACH')]), false)).toBe(
      'net.refused',
    );
    expect(networkFailure(new Error('fetch failed', { cause: system('ENOTFOUND') }), false)).toBe('net.dns');
  });

  it('takes a refusal for the network’s only where it is one', () => {
    expect(networkFailure(Object.assign(system('EACCES'), { syscall: 'connect' }), false)).toBe('net.unreachable');
    expect(networkFailure(Object.assign(system('EACCES'), { syscall: 'open' }), false)).toBeNull();
  });

  it('knows nothing of other errors', () => {
    expect(networkFailure(new TypeError('x is not a function'), false)).toBeNull();
    expect(networkFailure(system('ENOENT'), false)).toBeNull();
    expect(networkFailure(system('toString'), false)).toBeNull();
    expect(networkFailure('text', true)).toBeNull();
  });
});
