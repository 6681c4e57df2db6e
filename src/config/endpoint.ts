import { isIPv4 } from 'node:net';

export interface EndpointFault {
  readonly message: string;
  readonly hint: string;
}

/**
 * What is wrong with the address of a service, or null. Only http and https; nothing that would carry a secret or that
 * requests would drop (user info, query, fragment). The address itself is never repeated: it may hold a password.
 */
export function endpointFault(address: string): EndpointFault | null {
  const example = 'Write an address such as https://s3.example.com or http://127.0.0.1:9000.';
  if (!URL.canParse(address) || !/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    return { message: 'This is not a full web address.', hint: example };
  }
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { message: 'The address must start with https:// or http://.', hint: example };
  }
  if (url.username !== '' || url.password !== '') {
    return {
      message: 'The address holds a user name or password.',
      hint: 'Take it out, and use credentials or auth instead.',
    };
  }
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(address)) {
    return { message: 'The address can’t have a part after "?" or "#".', hint: 'Give the address without it.' };
  }
  return null;
}

/** Plain http shows credentials and content to the network; on this machine's own loopback there is none. */
export function needsInsecureWord(address: string): boolean {
  const url = new URL(address);
  return url.protocol === 'http:' && !isLoopbackHost(url.hostname);
}

/** `hostname` as the URL parser gives it: lower case, IPv4 canonical, IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/** The address as code joins paths to it: parsed, without a trailing "/". */
export function normaliseEndpoint(address: string): string {
  return new URL(address).href.replace(/\/+$/, '');
}

/** The public endpoint of Amazon S3 in a region (AWS General Reference, "Amazon S3 endpoints"). */
export function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

export function isAwsHost(hostname: string): boolean {
  return /(?:^|\.)amazonaws\.com(?:\.cn)?$/.test(hostname);
}

/**
 * Two endpoints with the same identity are the same service. Bucket names are unique over a whole AWS partition, so all
 * its regional endpoints count as one; the names of this machine's loopback do as well.
 */
export function serviceIdentity(endpoint: string): string {
  const url = new URL(endpoint);
  if (isAwsHost(url.hostname)) return url.hostname.endsWith('.cn') ? 'aws-cn' : 'aws';
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const host = isLoopbackHost(url.hostname) ? 'loopback' : url.hostname;
  return `${host}:${port}${url.pathname.replace(/\/+$/, '')}`;
}
