/** True for what may be handed to the system's browser: any other scheme could start any other program. */
export function isWebAddress(address: string): boolean {
  return URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol);
}
