import { readFileSync } from 'node:fs';

/**
 * Secrets from examples and defaults that everybody can read: turnserver.conf and turnadmin's manual, Open Relay,
 * eturnal, and what people type. Compared without case and punctuation.
 */
const WELL_KNOWN = new Set([
  'north',
  'logen',
  'openrelayprojectsecret',
  'openrelayproject',
  'crypt1c',
  'longandcryptic',
  'changeme',
  'changethis',
  'replaceme',
  'secret',
  'mysecret',
  'yoursecret',
  'yoursecretkey',
  'yourauthsecret',
  'yourstaticauthsecret',
  'supersecret',
  'authsecret',
  'staticauthsecret',
  'sharedsecret',
  'password',
  'turnsecret',
  'coturn',
  'turn',
  'test',
  'example',
  '123456',
  '12345678',
]);
/** Whoever has one credential can guess at its secret without asking anybody; from here on that is hopeless. */
const GOOD_LENGTH = 16;
const LONGEST = 512;
const MOST_SECRETS = 8;
const LARGEST_FILE_BYTES = 16 * 1024;

/** What is wrong with a secret, to be put after its name; never the secret itself. */
export function secretProblem(secret: unknown): string | undefined {
  if (typeof secret !== 'string') return 'must be a text';
  if (secret.trim() === '')
    return 'is empty; make one with "openssl rand -hex 32", and put it into coturn as "static-auth-secret"';
  if (secret !== secret.trim()) return 'begins or ends with white space';
  if (/\p{Cc}/u.test(secret)) return 'has a control character or a line break in it';
  if (secret.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (WELL_KNOWN.has(secret.toLowerCase().replace(/[^a-z0-9]/g, ''))) {
    return 'is one from an example that everybody can read; make one with "openssl rand -hex 32", for coturn too';
  }
  return undefined;
}

/** True for one that could be guessed from the credentials that it signs. */
export function isShort(secret: string): boolean {
  return secret.length < GOOD_LENGTH;
}

/**
 * The secrets in a file, one a line: the first signs.
 *
 * @throws a sentence that names the file, and no secret
 */
export function readSecretFile(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`the file ${JSON.stringify(path)} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (text.length > LARGEST_FILE_BYTES) throw new Error(`the file ${JSON.stringify(path)} is too large for secrets`);
  const secrets = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const problem = secretsProblem(secrets);
  if (problem) throw new Error(`the file ${JSON.stringify(path)} ${problem}`);
  return secrets;
}

/** What is wrong with a list of secrets, if anything is. */
export function secretsProblem(secrets: readonly unknown[]): string | undefined {
  if (secrets.length === 0) return 'has no secret in it';
  if (secrets.length > MOST_SECRETS) return `has more than ${MOST_SECRETS} secrets`;
  for (const [index, secret] of secrets.entries()) {
    const problem = secretProblem(secret);
    if (problem) return `has a secret (number ${index + 1}) that ${problem}`;
  }
  return undefined;
}
