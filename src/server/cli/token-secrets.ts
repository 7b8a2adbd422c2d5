import { secretsIn } from '../access/token-keys.js';
import { Problem, reasonOf } from './problem.js';
import { readNamed } from './tls.js';

/**
 * The secrets that sign tokens, of the file or of the environment: the first signs. None when neither is given.
 *
 * @throws {Problem} when one is weak; it shows no secret
 */
export async function readTokenSecrets(values: {
  readonly 'token-secret-file': string | undefined;
  readonly 'token-secret': string | undefined;
}): Promise<string[]> {
  const { 'token-secret-file': file, 'token-secret': secret } = values;
  const text = file === undefined ? secret : (await readNamed('--token-secret-file', file)).toString();
  if (text === undefined) return [];
  try {
    secretsIn(text);
  } catch (error) {
    const where = file === undefined ? 'WEBRTC_PREVIEW_TOKEN_SECRET' : `The secret in ${file}`;
    throw new Problem(`${where} ${reasonOf(error)}.`, 'webrtc-preview token --new-secret makes a good one.');
  }
  return text.split(/\r?\n/).flatMap((line) => line.trim() || []);
}
